"""The site: all studies of a results folder as pages that need no server, one folder of files with relative links."""
