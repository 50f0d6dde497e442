"""What the networks are compared with in training, made from joints."""
