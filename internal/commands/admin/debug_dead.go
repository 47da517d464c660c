package admin

import (
	"math"

	"granary/internal/command"
)

// debugDead answers DEBUG DEAD ALWAYS steps: it has so many steps of a walk that frees dead memory done before every command
// from now on, 0 for none.
func debugDead(c *command.Ctx) {
	if !command.Is(c.Args[2], "always") {
		c.SyntaxError()
		return
	}
	n, ok := c.Int(c.Args[3])
	if !ok {
		return
	}
	if n < 0 || n > math.MaxInt32 {
		c.Out.Error("ERR the number of steps is out of range")
		return
	}
	c.Env.DeadAlways(int(n))
	c.Out.OK()
}
