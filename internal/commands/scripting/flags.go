package scripting

import (
	"crypto/sha1"

	"granary/internal/command"
	"granary/internal/script"
)

// What a script declares in its first line stands for the flags of the command that runs it: whether it is held up by
// CLIENT PAUSE, refused for want of memory, and so on, also in a transaction.

// declared puts what a script declares in the place of a command's flags.
func declared(flags command.Flags, of script.FunctionFlags) command.Flags {
	if of&script.Compat != 0 {
		return flags
	}
	flags &^= command.Stale | command.DenyOOM | command.Write | command.MayReplicate
	if of&(script.AllowOOM|script.NoWrites) == 0 {
		flags |= command.DenyOOM
	}
	if of&script.NoWrites == 0 {
		flags |= command.Write
	}
	if of&script.AllowStale != 0 {
		flags |= command.Stale
	}
	return flags
}

// sourceFlags are the flags of EVAL and EVAL_RO.
func sourceFlags(c *command.Client, args [][]byte, flags command.Flags) command.Flags {
	if s := engineOf(c.Env).scripts.by[digest(sha1.Sum(args[1]))]; s != nil {
		return declared(flags, s.flags)
	}
	of, _, failure := scriptHeader(string(args[1]))
	if failure != "" {
		return flags
	}
	return declared(flags, of)
}

// digestFlags are the flags of EVALSHA and EVALSHA_RO.
func digestFlags(c *command.Client, args [][]byte, flags command.Flags) command.Flags {
	if d, ok := parseDigest(args[1]); ok {
		if s := engineOf(c.Env).scripts.by[d]; s != nil {
			return declared(flags, s.flags)
		}
	}
	return flags
}

// functionFlags are the flags of FCALL and FCALL_RO.
func functionFlags(c *command.Client, args [][]byte, flags command.Flags) command.Flags {
	if f, ok := engineOf(c.Env).libs.functions[fold(string(args[1]))]; ok {
		return declared(flags, f.entry.Flags)
	}
	return flags
}

// flagsBy returns a Spec.GetFlags.
func flagsBy(find func(*command.Client, [][]byte, command.Flags) command.Flags, flags command.Flags) func(*command.Client, [][]byte) command.Flags {
	return func(c *command.Client, args [][]byte) command.Flags { return find(c, args, flags) }
}
