package scripting

import (
	"crypto/sha1"

	"granary/internal/command"
)

// cmdScriptLoad answers SCRIPT LOAD script.
func cmdScriptLoad(c *command.Ctx) {
	e := engineOf(c.Env)
	d := digest(sha1.Sum(c.Args[2]))
	s := e.scripts.find(d)
	if s == nil {
		var failure string
		if s, failure = e.scripts.add(d, c.Args[2], true); s == nil {
			c.Out.Error(failure)
			return
		}
	}
	e.scripts.pin(s)
	c.Out.BulkString(d.String())
}

// cmdScriptExists answers SCRIPT EXISTS sha1 [sha1 ...].
func cmdScriptExists(c *command.Ctx) {
	e := engineOf(c.Env)
	c.Out.Array(len(c.Args) - 2)
	for _, a := range c.Args[2:] {
		d, ok := parseDigest(a)
		if ok {
			_, ok = e.scripts.by[d]
		}
		c.Out.Int(one(ok))
	}
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// cmdScriptFlush answers SCRIPT FLUSH [ASYNC | SYNC]. Both are the same: the heap is collected while commands run.
func cmdScriptFlush(c *command.Ctx) {
	if len(c.Args) > 3 || len(c.Args) == 3 && !command.Is(c.Args[2], "sync") && !command.Is(c.Args[2], "async") {
		c.Out.Error("ERR SCRIPT FLUSH only support SYNC|ASYNC option")
		return
	}
	engineOf(c.Env).scripts.flush()
	c.Out.OK()
}

// cmdScriptDebug answers SCRIPT DEBUG YES | SYNC | NO. There is no debugger: scripts run as ever, and redis.breakpoint says
// that nobody debugs them.
func cmdScriptDebug(c *command.Ctx) {
	switch m := c.Args[2]; {
	case command.Is(m, "no"), command.Is(m, "yes"), command.Is(m, "sync"):
		c.Out.OK()
	default:
		c.Out.Error("ERR Use SCRIPT DEBUG YES/SYNC/NO")
	}
}

// cmdScriptHelp answers SCRIPT HELP.
func cmdScriptHelp(c *command.Ctx) {
	c.Help(
		"DEBUG (YES|SYNC|NO)",
		"    Accepted and without effect: there is no debugger.",
		"EXISTS <sha1> [<sha1> ...]",
		"    Tell for each digest whether the server has the script: 1 or 0.",
		"FLUSH [ASYNC|SYNC]",
		"    Forget all scripts.",
		"KILL",
		"    End the script that is running, if it has not written yet.",
		"LOAD <script>",
		"    Keep a script without running it, and return its digest.")
}
