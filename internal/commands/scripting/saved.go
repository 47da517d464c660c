package scripting

import (
	"errors"
	"strings"

	"granary/internal/command"
)

// Libraries as files of snapshots have them: their sources.

// Libraries returns the sources of all libraries, in order of name.
func Libraries(env *command.Env) (sources [][]byte) {
	if env.Scripts == nil {
		return nil
	}
	for _, lib := range engineOf(env).libs.sorted() {
		sources = append(sources, lib.source.bytes())
	}
	return sources
}

// LoadLibrary makes a source a library, with replace also if there is one of its name.
func LoadLibrary(env *command.Env, source []byte, replace bool) error {
	e := engineOf(env)
	c := &command.Ctx{Env: env, Client: e.session, DB: env.Keys.DBs[0], Out: e.session.Out}
	if failure := e.libs.restore(c, [][]byte{source}, false, replace); failure != "" {
		return errors.New(strings.TrimPrefix(failure, "ERR "))
	}
	return nil
}

// FlushLibraries deletes all libraries.
func FlushLibraries(env *command.Env) {
	if env.Scripts != nil {
		engineOf(env).libs.flush()
	}
}
