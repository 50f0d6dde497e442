"""What the networks are asked for, made from joints."""
