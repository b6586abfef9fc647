"""The client as its users meet it: sessions over real sockets."""
