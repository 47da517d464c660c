package scripting

import (
	"granary/internal/command"
)

// cmdFCall answers FCALL function numkeys [key ...] [arg ...].
func cmdFCall(c *command.Ctx) { call(c, false) }

// cmdFCallRO answers FCALL_RO.
func cmdFCallRO(c *command.Ctx) { call(c, true) }

func call(c *command.Ctx, readOnly bool) {
	c.Show()
	e := engineOf(c.Env)
	f, ok := e.libs.functions[fold(string(c.Args[1]))]
	if !ok {
		c.Out.Error("ERR Function not found")
		return
	}
	n, ok := numKeys(c, "ERR Bad number of keys provided")
	if !ok {
		return
	}
	e.execute(c, subject{fn: f.entry.Function, flags: f.entry.Flags, name: f.entry.Name}, n, readOnly)
}
