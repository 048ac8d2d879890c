"""The rules of the contract, by kind of component."""
