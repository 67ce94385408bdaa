# The module's class does nothing by itself; its functions are built in.
class stdlib { }
