# The module's class does nothing by itself; ini_setting is built in.
class inifile { }
