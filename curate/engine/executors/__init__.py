"""Where tasks run. One file an executor, with a function of the file's name that returns a `Launcher`."""
