package admin

import "granary/internal/command"

var specMonitor = &command.Spec{
	Name: "monitor", Summary: "Shows the client every command that the server executes, as it happens.", Since: "1.0.0",
	Group: command.GroupServer, Complexity: "",
	Arity: 1, Flags: command.Admin | command.NoScript | command.Loading | command.Stale,
	Handler: cmdMonitor,
}

// cmdMonitor answers MONITOR. A client that watches already gets no answer.
func cmdMonitor(c *command.Ctx) {
	if c.Env.Watch(c.Client) {
		c.Out.OK()
	}
}
