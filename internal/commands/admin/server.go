package admin

import (
	"errors"

	"granary/internal/command"
)

// cmdTime answers TIME: Unix seconds and the microseconds of the second.
func cmdTime(c *command.Ctx) {
	us := c.Env.NowMicro()
	c.Out.Array(2)
	c.Out.BulkInt(us / 1e6)
	c.Out.BulkInt(us % 1e6)
}

// cmdRole answers ROLE: a master at offset 0 without replicas.
func cmdRole(c *command.Ctx) {
	c.Out.Array(3)
	c.Out.BulkString("master")
	c.Out.Int(0)
	c.Out.Array(0)
}

// cmdShutdown answers SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]. When it succeeds the connection ends without a
// reply.
func cmdShutdown(c *command.Ctx) {
	var how command.ShutdownFlags
	abort := false
	for _, a := range c.Args[1:] {
		switch {
		case command.Is(a, "nosave"):
			how |= command.ShutdownNoSave
		case command.Is(a, "save"):
			how |= command.ShutdownSave
		case command.Is(a, "now"):
			how |= command.ShutdownNow
		case command.Is(a, "force"):
			how |= command.ShutdownForce
		case command.Is(a, "abort"):
			abort = true
		default:
			c.SyntaxError()
			return
		}
	}
	const both = command.ShutdownSave | command.ShutdownNoSave
	if abort && how != 0 || how&both == both {
		c.SyntaxError()
		return
	}
	if abort {
		if !c.Env.Ops.AbortShutdown() {
			c.Out.Error("ERR No shutdown in progress.")
			return
		}
		c.Out.OK()
		return
	}
	if failure := c.Env.Busy(); failure != "" && how&command.ShutdownNoSave == 0 {
		c.Out.Error(failure)
		return
	}
	if err := c.Env.Ops.Shutdown(how, c.Client); err != nil {
		c.Out.Error("ERR Errors trying to SHUTDOWN. Check logs.")
	}
}

// cmdLastSave answers LASTSAVE. As in Redis it is the time of the start while nothing was saved.
func cmdLastSave(c *command.Ctx) { c.Out.Int(c.Env.LastSave()) }

const errSaving = "ERR Background save already in progress"

// cmdSave answers SAVE.
func cmdSave(c *command.Ctx) {
	if c.Env.Saves.Running {
		c.Out.Error(errSaving)
		return
	}
	if c.Env.Saver.Save() != nil {
		c.Out.Error("ERR")
		return
	}
	c.Out.OK()
}

// cmdBGSave answers BGSAVE [SCHEDULE | CANCEL].
func cmdBGSave(c *command.Ctx) {
	cancel := len(c.Args) == 2 && command.Is(c.Args[1], "cancel")
	if len(c.Args) > 2 || len(c.Args) == 2 && !cancel && !command.Is(c.Args[1], "schedule") {
		c.SyntaxError()
		return
	}
	switch {
	case cancel:
		cancelSave(c)
	case c.Env.Saves.Running:
		c.Out.Error(errSaving)
	case c.Env.Saver.AOF().Running && !c.DenyBlocking && len(c.Args) == 1:
		c.Out.Error(errRewriting)
	default:
		beginSave(c, c.DenyBlocking || c.Env.Saver.AOF().Running)
	}
}

const errRewriting = "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible."

// beginSave begins a snapshot, or has it begun later.
func beginSave(c *command.Ctx, later bool) {
	switch {
	case c.Env.Saver.BeginSave(later) != nil:
		c.Out.Error("ERR")
	case later:
		c.Out.Status("Background saving scheduled")
	default:
		c.Out.Status("Background saving started")
	}
}

// cancelSave does BGSAVE CANCEL.
func cancelSave(c *command.Ctx) {
	switch running, scheduled := c.Env.Saver.CancelSave(); {
	case running:
		c.Out.Status("Background saving cancelled")
	case scheduled:
		c.Out.Status("Scheduled background saving cancelled")
	default:
		c.Out.Error("ERR Background saving is currently not in progress or scheduled")
	}
}

// cmdBGRewriteAOF answers BGREWRITEAOF.
func cmdBGRewriteAOF(c *command.Ctx) {
	switch scheduled, err := c.Env.Saver.RewriteAOF(c.DenyBlocking); {
	case errors.Is(err, command.ErrRewriting):
		c.Out.Error("ERR " + err.Error())
	case err != nil:
		c.Out.Error("ERR Can't execute an AOF background rewriting. Please check the server logs for more information.")
	case scheduled:
		c.Out.Status("Background append only file rewriting scheduled")
	default:
		c.Out.Status("Background append only file rewriting started")
	}
}

// cmdModuleList answers MODULE LIST. There are no modules, and there never will be ones of native code.
func cmdModuleList(c *command.Ctx) { c.Out.Array(0) }

const errModuleOff = `ERR MODULE command not allowed. If the enable-module-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.`

// modulesBarred tells why a client may not change modules.
func modulesBarred(c *command.Client) string {
	if c.Env.Config.EnableModuleCommand.Allows(c.Local()) {
		return ""
	}
	return errModuleOff
}

// cmdModuleLoad answers MODULE LOAD: not allowed, or, if it is, that it cannot be done.
func cmdModuleLoad(c *command.Ctx) {
	if failure := modulesBarred(c.Client); failure != "" {
		c.Out.Error(failure)
		return
	}
	c.Out.Error("ERR Error loading the extension. Please check the server logs.")
}

func cmdModuleLoadEx(c *command.Ctx) { cmdModuleLoad(c) }

// cmdModuleUnload answers MODULE UNLOAD.
func cmdModuleUnload(c *command.Ctx) {
	if failure := modulesBarred(c.Client); failure != "" {
		c.Out.Error(failure)
		return
	}
	c.Out.Error("ERR Error unloading module: no such module with that name")
}

// cmdModuleHelp answers MODULE HELP.
func cmdModuleHelp(c *command.Ctx) {
	c.Help(
		"LIST",
		"    Return the modules that are loaded: none.",
		"LOAD <path> [<arg> ...]",
		"    Refused: Granary loads no modules.",
		"LOADEX <path> [CONFIG <name> <value> ...] [ARGS <arg> ...]",
		"    Refused as well.",
		"UNLOAD <name>",
		"    Refused as well.",
	)
}
