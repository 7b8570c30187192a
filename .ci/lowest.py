"""Print the lowest versions that ``install_requires`` allows, as requirements with ``==``."""

from configparser import ConfigParser

config = ConfigParser()
config.read("setup.cfg")
for requirement in config["options"]["install_requires"].split("\n"):
    if requirement:
        name, *condition = requirement.split(";")  # The condition states the versions of Python.
        print(";".join([name.replace(">=", "=="), *condition]))
