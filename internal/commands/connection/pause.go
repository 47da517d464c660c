package connection

import (
	"math"

	"granary/internal/command"
	"granary/internal/object"
)

// cmdClientPause answers CLIENT PAUSE timeout [WRITE|ALL].
func cmdClientPause(c *command.Ctx) {
	all := true
	if len(c.Args) > 4 {
		c.WrongSubArity()
		return
	}
	if len(c.Args) == 4 {
		switch mode := c.Args[3]; {
		case command.Is(mode, "write"):
			all = false
		case !command.Is(mode, "all"):
			c.Out.Error("ERR CLIENT PAUSE mode must be WRITE or ALL")
			return
		}
	}
	ms, ok := object.ParseInt(c.Args[2])
	switch {
	case !ok || ms > math.MaxInt64-c.Now():
		c.Out.Error("ERR timeout is not an integer or out of range")
		return
	case ms < 0:
		c.Out.Error(command.ErrTimeoutNegative)
		return
	}
	c.Env.PauseClients(c.Now()+ms, all)
	c.Out.OK()
}

// cmdClientUnpause answers CLIENT UNPAUSE.
func cmdClientUnpause(c *command.Ctx) {
	c.Env.UnpauseClients(c.Client.Loop())
	c.Out.OK()
}
