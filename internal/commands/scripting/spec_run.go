package scripting

import "granary/internal/command"

const (
	readFlags = command.NoScript | command.Stale | command.SkipMonitor | command.NoMandatoryKeys | command.ReadOnly
	runFlags  = command.NoScript | command.Stale | command.SkipMonitor | command.NoMandatoryKeys | command.MayReplicate
	anyUse    = command.KeyRW | command.KeyAccess | command.KeyUpdate
	readUse   = command.KeyRO | command.KeyAccess

	cost = "Depends on the script that is executed."
)

// keysOf are the keys behind a count at position 2.
func keysOf(flags command.KeyFlags, notes string) []command.KeySpec {
	return []command.KeySpec{{Flags: flags, Notes: notes, Index: 2, KeyNum: true, FirstKey: 1, KeyStep: 1}}
}

// runArgs are the arguments of a command that runs what first names.
func runArgs(first string) []command.Arg {
	return []command.Arg{
		{Name: first, Type: command.ArgString},
		{Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Optional | command.Multiple},
		{Name: "arg", Type: command.ArgString, Flags: command.Optional | command.Multiple},
	}
}

var specEval = &command.Spec{
	Name: "eval", Summary: "Run a Lua script.", Since: "2.6.0", Group: command.GroupScripting, Complexity: cost,
	Arity: -3, Flags: runFlags, Keys: keysOf(anyUse, "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE"),
	Args: runArgs("script"), GetFlags: flagsBy(sourceFlags, runFlags), Handler: cmdEval,
}

var specEvalSHA = &command.Spec{
	Name: "evalsha", Summary: "Run a Lua script that the server has, by its digest.", Since: "2.6.0", Group: command.GroupScripting, Complexity: cost,
	Arity: -3, Flags: runFlags, Keys: keysOf(anyUse, ""),
	Args: runArgs("sha1"), GetFlags: flagsBy(digestFlags, runFlags), Handler: cmdEvalSHA,
}

var specEvalRO = &command.Spec{
	Name: "eval_ro", Summary: "Run a Lua script that only reads.", Since: "7.0.0", Group: command.GroupScripting, Complexity: cost,
	Arity: -3, Flags: readFlags, Keys: keysOf(readUse, "We cannot tell how the keys will be used so we assume the worst, RO and ACCESS"),
	Args: runArgs("script"), GetFlags: flagsBy(sourceFlags, readFlags), Handler: cmdEvalRO,
}

var specEvalSHARO = &command.Spec{
	Name: "evalsha_ro", Summary: "Run a Lua script that only reads and that the server has, by its digest.", Since: "7.0.0", Group: command.GroupScripting, Complexity: cost,
	Arity: -3, Flags: readFlags, Keys: keysOf(readUse, ""),
	Args: runArgs("sha1"), GetFlags: flagsBy(digestFlags, readFlags), Handler: cmdEvalSHARO,
}

var specFCall = &command.Spec{
	Name: "fcall", Summary: "Call a function of a library.", Since: "7.0.0", Group: command.GroupScripting, Complexity: "Depends on the function that is executed.",
	Arity: -3, Flags: runFlags, Keys: keysOf(anyUse, "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE"),
	Args: runArgs("function"), GetFlags: flagsBy(functionFlags, runFlags), Handler: cmdFCall,
}

var specFCallRO = &command.Spec{
	Name: "fcall_ro", Summary: "Call a function of a library that only reads.", Since: "7.0.0", Group: command.GroupScripting, Complexity: "Depends on the function that is executed.",
	Arity: -3, Flags: readFlags, Keys: keysOf(readUse, "We cannot tell how the keys will be used so we assume the worst, RO and ACCESS"),
	Args: runArgs("function"), GetFlags: flagsBy(functionFlags, readFlags), Handler: cmdFCallRO,
}
