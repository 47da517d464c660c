package lualib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Load compiles a chunk. name is what positions in error texts show.
func Load(L *lua.LState, source, name string) (*lua.LFunction, error) {
	return L.Load(strings.NewReader(source), name)
}

func (l *library) load(L *lua.LState, source, name string) (*lua.LFunction, error) {
	return Load(L, source, name)
}
