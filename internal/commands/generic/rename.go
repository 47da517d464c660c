package generic

import (
	"bytes"

	"granary/internal/command"
	"granary/internal/keyspace"
)

var specRename = &command.Spec{
	Name:       "rename",
	Summary:    "Gives a key another name, replacing what has that name.",
	Since:      "1.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      3,
	Flags:      command.Write,
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, KeyStep: 1},
		{Flags: command.KeyOW | command.KeyUpdate, Index: 2, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "newkey", Type: command.ArgKey, KeySpec: 2},
	},
	Handler: cmdRename,
}

// cmdRename answers RENAME key newkey.
func cmdRename(c *command.Ctx) {
	if _, ok := rename(c, false); ok {
		c.Out.OK()
	}
}

var specRenameNX = &command.Spec{
	Name:       "renamenx",
	Summary:    "Gives a key another name unless a key of that name exists.",
	Since:      "1.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      3,
	Flags:      command.Write | command.Fast,
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, KeyStep: 1},
		{Flags: command.KeyOW | command.KeyInsert, Index: 2, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "newkey", Type: command.ArgKey, KeySpec: 2},
	},
	History: []command.Change{{Since: "3.2.0", What: "Both names may be the same."}},
	Handler: cmdRenameNX,
}

// cmdRenameNX answers RENAMENX key newkey.
func cmdRenameNX(c *command.Ctx) {
	if done, ok := rename(c, true); ok {
		boolean(c, done)
	}
}

// rename gives the key Args[1] the name Args[2]. It reports whether it did, and answers an error (ok is false) when there
// is no such key. nx keeps it from replacing a key.
func rename(c *command.Ctx, nx bool) (done, ok bool) {
	from, to := c.Args[1], c.Args[2]
	src := c.Write(from)
	if !src.Exists() {
		c.Out.Error(command.ErrNoSuchKey)
		return false, false
	}
	if bytes.Equal(from, to) {
		return !nx, true
	}
	dst := c.Write(to)
	if nx && dst.Exists() {
		return false, true
	}
	ks := c.Keys()
	ks.Rename(&src, &dst)
	ks.Stats.Dirty++
	ks.Modified(c.DB.ID, from)
	ks.Modified(c.DB.ID, to)
	c.Notify(keyspace.Generic, "rename_from", from)
	c.Notify(keyspace.Generic, "rename_to", to)
	return true, true
}

var specMove = &command.Spec{
	Name:       "move",
	Summary:    "Moves a key to another database.",
	Since:      "1.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      3,
	Flags:      command.Write | command.Fast,
	Keys:       command.OneKey(command.KeyRW | command.KeyAccess | command.KeyUpdate),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "db", Type: command.ArgInteger},
	},
	Handler: cmdMove,
}

// cmdMove answers MOVE key db.
func cmdMove(c *command.Ctx) {
	to, ok := database(c, c.Args[2])
	if !ok {
		return
	}
	if to == c.DB {
		c.Out.Error(command.ErrSameObject)
		return
	}
	key := c.Args[1]
	src := c.Write(key)
	if !src.Exists() {
		c.Out.Int(0)
		return
	}
	dst := to.Write(key)
	if dst.Exists() {
		c.Out.Int(0)
		return
	}
	ks := c.Keys()
	ks.Move(&src, &dst)
	ks.Stats.Dirty++
	ks.Modified(c.DB.ID, key)
	ks.Modified(to.ID, key)
	ks.Notify(keyspace.Generic, "move_from", key, c.DB.ID)
	ks.Notify(keyspace.Generic, "move_to", key, to.ID)
	c.Out.Int(1)
}

var specCopy = &command.Spec{
	Name:       "copy",
	Summary:    "Copies the value of a key to another key.",
	Since:      "6.2.0",
	Group:      command.GroupGeneric,
	Complexity: "O(N) worst case for collections, where N is the number of nested items. O(1) for string values.",
	Arity:      -3,
	Flags:      command.Write | command.DenyOOM,
	Keys: []command.KeySpec{
		{Flags: command.KeyRO | command.KeyAccess, Index: 1, KeyStep: 1},
		{Flags: command.KeyOW | command.KeyUpdate, Index: 2, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "source", Type: command.ArgKey, KeySpec: 1},
		{Name: "destination", Type: command.ArgKey, KeySpec: 2},
		{Name: "destination-db", Type: command.ArgInteger, Token: "DB", Flags: command.Optional},
		{Name: "replace", Type: command.ArgPureToken, Token: "REPLACE", Flags: command.Optional},
	},
	Handler: cmdCopy,
}

// cmdCopy answers COPY source destination [DB destination-db] [REPLACE].
func cmdCopy(c *command.Ctx) {
	to, replace := c.DB, false
	for i := 3; i < len(c.Args); i++ {
		switch {
		case command.Is(c.Args[i], "replace"):
			replace = true
		case command.Is(c.Args[i], "db") && i+1 < len(c.Args):
			i++
			db, ok := database(c, c.Args[i])
			if !ok {
				return
			}
			to = db
		default:
			c.SyntaxError()
			return
		}
	}
	from, key := c.Args[1], c.Args[2]
	if to == c.DB && bytes.Equal(from, key) {
		c.Out.Error(command.ErrSameObject)
		return
	}
	src := c.Read(from)
	if !src.Exists() {
		c.Out.Int(0)
		return
	}
	dst := to.Write(key)
	if dst.Exists() && !replace {
		c.Out.Int(0)
		return
	}
	ks := c.Keys()
	ks.Copy(&src, &dst)
	ks.Stats.Dirty++
	ks.Modified(to.ID, key)
	ks.Notify(keyspace.Generic, "copy_to", key, to.ID)
	c.Out.Int(1)
}
