"""The transport: dialling, pools, the body's reader, and the table of errors."""
