"""What `paidmark check` looks at. Each module looks at one thing and says what it found; none changes anything."""
