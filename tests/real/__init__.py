"""Against real servers: nginx, Squid, microsocks."""
