// Package transactions has MULTI, EXEC and DISCARD, WATCH and UNWATCH. What happens to commands between MULTI and EXEC, and
// how watched keys are kept, is in package command (multi.go, watch.go); here are the commands themselves.
package transactions

import "granary/internal/command"

// Register adds the family to the table.
func Register(t *command.Table) {
	t.Register(specDiscard, specExec, specMulti, specUnwatch, specWatch)
}

// atAnyTime are the flags that all of these commands have.
const atAnyTime = command.NoScript | command.Loading | command.Stale

const (
	errNested         = "ERR MULTI calls can not be nested"
	errExecWithout    = "ERR EXEC without MULTI"
	errDiscardWithout = "ERR DISCARD without MULTI"
	errWatchInside    = "ERR WATCH inside MULTI is not allowed"
	errAborted        = "EXECABORT Transaction discarded because of previous errors."
)

var specMulti = &command.Spec{
	Name: "multi", Summary: "Begins a transaction: commands are queued from here on.", Since: "1.2.0",
	Group: command.GroupTransactions, Complexity: "O(1)", Arity: 1,
	Flags:   atAnyTime | command.Fast | command.AllowBusy,
	InMulti: command.Refused,
	Handler: cmdMulti,
}

// cmdMulti answers MULTI.
func cmdMulti(c *command.Ctx) {
	if !c.Client.BeginMulti() {
		c.Out.Error(errNested)
		return
	}
	c.Out.OK()
}

var specExec = &command.Spec{
	Name: "exec", Summary: "Executes all commands that were queued since MULTI, as one.", Since: "1.2.0",
	Group: command.GroupTransactions, Complexity: "Depends on commands in the transaction", Arity: 1,
	Flags:   atAnyTime | command.SkipSlowlog,
	InMulti: command.Execs,
	Handler: cmdExec,
}

// cmdExec answers EXEC: with all replies, with a null array if something that is watched was changed, or with an error if a
// command was refused.
func cmdExec(c *command.Ctx) {
	client := c.Client
	if !client.InMulti() {
		c.Out.Error(errExecWithout)
		return
	}
	c.NoEffect()
	switch {
	case client.Aborted():
		c.Out.Error(errAborted)
	case client.WatchBroken():
		c.Out.NullArray()
	default:
		client.ExecQueued()
		return
	}
	client.EndMulti()
}

var specDiscard = &command.Spec{
	Name: "discard", Summary: "Ends a transaction without executing anything.", Since: "2.0.0",
	Group: command.GroupTransactions, Complexity: "O(N), when N is the number of queued commands", Arity: 1,
	Flags:   atAnyTime | command.Fast | command.AllowBusy,
	InMulti: command.Ends,
	Handler: cmdDiscard,
}

// cmdDiscard answers DISCARD.
func cmdDiscard(c *command.Ctx) {
	if !c.Client.InMulti() {
		c.Out.Error(errDiscardWithout)
		return
	}
	c.Client.EndMulti()
	c.Out.OK()
}

var specWatch = &command.Spec{
	Name: "watch", Summary: "Makes the next EXEC depend on keys: if one of them changes before, nothing is executed.", Since: "2.2.0",
	Group: command.GroupTransactions, Complexity: "O(1) for every key.", Arity: -2,
	Flags:   atAnyTime | command.Fast | command.AllowBusy,
	InMulti: command.Refused,
	Keys:    command.Keys(command.KeyRO, 1, -1, 1),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
	},
	Handler: cmdWatch,
}

// cmdWatch answers WATCH key [key ...].
func cmdWatch(c *command.Ctx) {
	client := c.Client
	if client.InMulti() {
		c.Out.Error(errWatchInside)
		return
	}
	if !client.Changed() { // otherwise more of it changes nothing
		for _, key := range c.Args[1:] {
			client.Watch(c.DB, key)
		}
	}
	c.Out.OK()
}

var specUnwatch = &command.Spec{
	Name: "unwatch", Summary: "Forgets all watched keys.", Since: "2.2.0",
	Group: command.GroupTransactions, Complexity: "O(1)", Arity: 1,
	Flags:   atAnyTime | command.Fast | command.AllowBusy,
	Handler: cmdUnwatch,
}

// cmdUnwatch answers UNWATCH.
func cmdUnwatch(c *command.Ctx) {
	c.Client.Unwatch()
	c.Out.OK()
}
