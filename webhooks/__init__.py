"""The door and the desk: deliveries in, people served. Never talks to Clockify."""
