package config

var specials = map[string]bool{"include": true, "user": true, "rename-command": true, "loadmodule": true}
