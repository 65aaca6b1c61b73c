"""Controls: each compares one observed thing with what is demanded, and changes nothing."""
