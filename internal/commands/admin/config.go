package admin

import (
	"errors"

	"granary/internal/command"
	"granary/internal/config"
	"granary/internal/keyspace"
)

// cmdConfigGet answers CONFIG GET pattern [pattern ...].
func cmdConfigGet(c *command.Ctx) {
	patterns := make([]string, 0, len(c.Args)-2)
	for _, a := range c.Args[2:] {
		patterns = append(patterns, string(a))
	}
	pairs := c.Env.Config.Get(patterns...)
	c.Out.Map(len(pairs))
	for _, p := range pairs {
		c.Out.BulkString(p.Name)
		c.Out.BulkString(p.Value)
	}
}

// cmdConfigSet answers CONFIG SET directive value [directive value ...].
func cmdConfigSet(c *command.Ctx) {
	if len(c.Args)%2 != 0 {
		c.SyntaxError()
		return
	}
	var pairs []config.Pair
	for i := 2; i < len(c.Args); i += 2 {
		name := string(c.Args[i])
		if config.IsSensitive(name) {
			c.Redact(i + 1)
		}
		pairs = append(pairs, config.Pair{Name: name, Value: string(c.Args[i+1])})
	}
	err := c.Env.Config.Set(pairs, config.SetContext{
		Local:   c.Client.Local(),
		Loading: c.Env.Gate&command.GateLoading != 0,
	})
	if err != nil {
		c.Out.Error(err.Error())
		return
	}
	c.Out.OK()
}

// cmdConfigRewrite answers CONFIG REWRITE.
func cmdConfigRewrite(c *command.Ctx) {
	err := c.Env.Config.Rewrite(false)
	switch {
	case err == nil:
		c.Env.Log.Noticef("CONFIG REWRITE executed with success.")
		c.Out.OK()
	case errors.Is(err, config.ErrNoFile):
		c.Out.Error("ERR " + err.Error())
	default:
		c.Env.Log.Warningf("CONFIG REWRITE failed: %v", err)
		c.Out.Error("ERR Rewriting config file: " + err.Error())
	}
}

// cmdConfigResetStat answers CONFIG RESETSTAT.
func cmdConfigResetStat(c *command.Ctx) {
	c.Env.Stats.Reset(c.Env)
	c.Env.ResetExceeded()
	c.Env.ResetDefrag()
	// The count of changes since the last save is no statistic: what is not saved yet stays not saved.
	c.Keys().Stats = keyspace.Stats{Dirty: c.Keys().Stats.Dirty}
	c.Out.OK()
}

// cmdConfigHelp answers CONFIG HELP.
func cmdConfigHelp(c *command.Ctx) {
	c.Help(
		"GET <pattern> [<pattern> ...]",
		"    Return the directives that match a pattern, with their values.",
		"SET <directive> <value> [<directive> <value> ...]",
		"    Change directives, all or none.",
		"RESETSTAT",
		"    Set the statistics that INFO shows back to zero.",
		"REWRITE",
		"    Write the configuration in force to the configuration file.",
	)
}
