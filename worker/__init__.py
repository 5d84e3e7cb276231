"""The hands: markings out. Has never heard of HTTP deliveries or sources."""
