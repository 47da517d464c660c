package generic

import (
	"math"
	"strconv"
	"time"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/migrate"
	"granary/internal/object"
	"granary/internal/persist/rdb"
)

// MIGRATE moves keys to another server, which gets them by RESTORE. In Redis everybody waits until it is done; here only the client
// does:
//
//	under the lock     the payloads of all keys are made, at one moment
//	without any lock   a goroutine sends them and reads the replies
//	under the lock     what was acknowledged and is still as it was sent is deleted: the payload is made again and compared.
//	                   What was changed meanwhile stays, and the reply says so: nothing is lost
//
// In a transaction and in a script all of it happens at once, under the lock, in no more than the timeout.

var specMigrate = &command.Spec{
	Name:       "migrate",
	Summary:    "Moves keys to another server.",
	Since:      "2.6.0",
	Group:      command.GroupGeneric,
	Complexity: "This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the target instance. See the pages of these commands for time complexity. Also an O(N) data transfer between the two instances is performed.",
	Arity:      -6,
	Flags:      command.Write | command.MovableKeys,
	Categories: command.CatDangerous,
	Keys: []command.KeySpec{
		{Flags: migratedKeys, Index: 3, KeyStep: 1},
		{Flags: migratedKeys | command.KeyIncomplete, Keyword: "KEYS", StartFrom: -2, LastKey: -1, KeyStep: 1},
	},
	GetKeys: migrateKeys,
	Args: []command.Arg{
		{Name: "host", Type: command.ArgString},
		{Name: "port", Type: command.ArgInteger},
		{Name: "key_or_empty_string", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "key", Type: command.ArgKey, KeySpec: 1},
			{Name: "empty_string", Type: command.ArgPureToken},
		}},
		{Name: "destination-db", Type: command.ArgInteger},
		{Name: "timeout", Type: command.ArgInteger},
		{Name: "copy", Type: command.ArgPureToken, Token: "COPY", Since: "3.0.0", Flags: command.Optional},
		{Name: "replace", Type: command.ArgPureToken, Token: "REPLACE", Since: "3.0.0", Flags: command.Optional},
		{Name: "authentication", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "password", Type: command.ArgString, Token: "AUTH", Since: "4.0.7", Flags: command.Optional},
			{Name: "username_password", Type: command.ArgBlock, Token: "AUTH2", Since: "6.0.0", Flags: command.Optional, Args: []command.Arg{
				{Name: "username", Type: command.ArgString},
				{Name: "password", Type: command.ArgString},
			}},
		}},
		{Name: "key", Type: command.ArgKey, KeySpec: 2, Token: "KEYS", Since: "3.0.6", Flags: command.Optional | command.Multiple},
	},
	Tips: []string{"nondeterministic_output"},
	History: []command.Change{
		{Since: "3.0.0", What: "Takes COPY and REPLACE."},
		{Since: "3.0.6", What: "Takes KEYS."},
		{Since: "4.0.7", What: "Takes AUTH."},
		{Since: "6.0.0", What: "Takes AUTH2."},
	},
	Handler: cmdMigrate,
}

// migratedKeys is what is done with the keys of MIGRATE.
const migratedKeys = command.KeyRW | command.KeyAccess | command.KeyDelete

// migrateKeys finds the keys of MIGRATE: the third argument, or those behind KEYS.
func migrateKeys(args [][]byte, dst []command.KeyPos) ([]command.KeyPos, bool) {
	flags := migratedKeys
	for i := 6; i < len(args)-1; i++ {
		switch {
		case command.Is(args[i], "auth"):
			i++
		case command.Is(args[i], "auth2"):
			i += 2
		case command.Is(args[i], "keys"):
			if len(args[3]) > 0 {
				return dst, false
			}
			for j := i + 1; j < len(args); j++ {
				dst = append(dst, command.KeyPos{Index: j, Flags: flags})
			}
			return dst, true
		}
	}
	return append(dst, command.KeyPos{Index: 3, Flags: flags}), true
}

// migrateOptions is what MIGRATE was asked for.
type migrateOptions struct {
	to            migrate.Target
	copy, replace bool
	timeout       time.Duration
	keys          [][]byte
}

// parseMigrate reads the arguments and answers an error when they make no sense.
func parseMigrate(c *command.Ctx) (o migrateOptions, ok bool) {
	o.keys = c.Args[3:4]
	for i := 6; i < len(c.Args); i++ {
		arg, more := c.Args[i], len(c.Args)-1-i
		switch {
		case command.Is(arg, "copy"):
			o.copy = true
		case command.Is(arg, "replace"):
			o.replace = true
		case command.Is(arg, "auth") && more >= 1:
			i++
			c.Redact(i)
			o.to.Auth, o.to.Password = true, string(c.Args[i])
		case command.Is(arg, "auth2") && more >= 2:
			c.Redact(i + 1)
			c.Redact(i + 2)
			o.to.Auth, o.to.User, o.to.Password = true, string(c.Args[i+1]), string(c.Args[i+2])
			i += 2
		case command.Is(arg, "keys"):
			if len(c.Args[3]) != 0 {
				c.Out.Error("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string")
				return o, false
			}
			o.keys = c.Args[i+1:]
			i = len(c.Args)
		default:
			c.SyntaxError()
			return o, false
		}
	}
	ms, ok := c.Int(c.Args[5])
	if !ok {
		return o, false
	}
	db, ok := c.Int(c.Args[4])
	if !ok {
		return o, false
	}
	if ms <= 0 {
		ms = 1000
	}
	o.timeout = time.Duration(min(ms, math.MaxInt64/int64(2*time.Millisecond))) * time.Millisecond
	port, _ := object.ParseInt(c.Args[2]) // what is no number leads nowhere
	o.to.Host, o.to.Port, o.to.DB = string(c.Args[1]), strconv.FormatInt(port, 10), strconv.FormatInt(db, 10)
	return o, true
}

// cmdMigrate answers MIGRATE host port key|"" destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2 username password]
// [KEYS key [key ...]].
func cmdMigrate(c *command.Ctx) {
	o, ok := parseMigrate(c)
	if !ok {
		return
	}
	all := migrationsOf(c.Env)
	m := &migration{all: all, options: o}
	kept := false
	defer func() {
		if !kept {
			m.free()
		}
	}()
	all.live[m] = true
	for _, key := range o.keys {
		if it := c.Read(key); it.Exists() {
			m.add(c, key, &it)
		}
	}
	m.options.keys = nil // of the request, which is gone when the goroutine runs
	if len(m.keys) == 0 {
		c.Out.Status("NOKEY")
		return
	}
	limit := migrate.Limit{Idle: o.timeout}
	if c.NeverBlocks() {
		limit.Until = time.Now().Add(o.timeout)
		m.end(c, all.pool.Move(o.to, m.items(), limit))
		return
	}
	x := c.Elsewhere()
	kept = true
	go func() {
		res := all.pool.Move(o.to, m.items(), limit)
		x.End(func(c *command.Ctx) bool {
			if m.held(c, res) {
				return false
			}
			defer m.free()
			m.end(c, res)
			return true
		})
	}()
}

// migrations is all that are under way, and connections. Guarded by the keyspace lock; the pool has a lock of its own.
type migrations struct {
	arena *mem.Arena
	pool  migrate.Pool
	live  map[*migration]bool
}

// migrationsOf returns those of the server.
func migrationsOf(env *command.Env) *migrations {
	if all, ok := env.Migrations.(*migrations); ok {
		return all
	}
	all := &migrations{arena: env.Keys.Arena, live: map[*migration]bool{}}
	env.Migrations = all
	env.AddMemoryHolder(all)
	return all
}

// Cached implements command.Migrations.
func (all *migrations) Cached() int { return all.pool.Idle() }

// CountMemory implements command.MemoryHolder.
func (all *migrations) CountMemory(count func(p mem.Purpose, usable int64)) {
	for m := range all.live {
		for _, k := range m.keys {
			count(mem.PurposeMigrate, int64(mem.Usable(k.size)))
			k.payload.CountMemory(count)
		}
	}
}

// migration is one MIGRATE.
type migration struct {
	all     *migrations
	options migrateOptions
	keys    []*migrating
}

// migrating is a key on its way: a request in three parts.
//
//	head (PurposeMigrate)                                             payload      tail
//	*4 $7 RESTORE $<length of the key> <key> $<..> <ttl> $<length>    <payload>    [$7 REPLACE]
type migrating struct {
	head     mem.Ref
	size     int // of the head
	from, to int // the key in it
	payload  rdb.Payload
	replace  bool
	expiry   int64 // Unix ms, 0: none
	deleted  bool  // by this migration
}

var (
	tailPlain   = []byte("\r\n")
	tailReplace = []byte("\r\n$7\r\nREPLACE\r\n")
)

// Parts implements migrate.Item.
func (k *migrating) Parts(fn func(part []byte)) {
	fn(mem.Bytes(k.head, k.size))
	k.payload.Each(fn)
	if k.replace {
		fn(tailReplace)
	} else {
		fn(tailPlain)
	}
}

func (k *migrating) key() []byte { return mem.Bytes(k.head, k.size)[k.from:k.to] }

// add makes the request for a key. It may panic with mem.ErrOutOfMemory; then the key is left out.
func (m *migration) add(c *command.Ctx, key []byte, it *keyspace.Item) {
	k := &migrating{replace: m.options.replace, expiry: max(it.Expiry(), 0)}
	ttl := int64(0)
	if k.expiry > 0 {
		ttl = max(k.expiry-c.Now(), 1)
	}
	k.payload = m.dump(c, it.Entry)
	done := false
	defer func() {
		if !done {
			k.payload.Free()
		}
	}()
	words := byte('4')
	if k.replace {
		words++
	}
	var buf [64]byte
	before := append(append(buf[:0], '*', words), "\r\n$7\r\nRESTORE\r\n$"...)
	before = append(strconv.AppendInt(before, int64(len(key)), 10), "\r\n"...)
	var buf2 [96]byte
	digits := strconv.AppendInt(nil, ttl, 10)
	after := append(strconv.AppendInt(append(buf2[:0], "\r\n$"...), int64(len(digits)), 10), "\r\n"...)
	after = append(append(after, digits...), "\r\n$"...)
	after = append(strconv.AppendInt(after, int64(k.payload.Size), 10), "\r\n"...)
	k.from, k.to = len(before), len(before)+len(key)
	k.size = k.to + len(after)
	k.head = m.all.arena.Alloc(k.size, mem.PurposeMigrate)
	b := mem.Bytes(k.head, k.size)
	copy(b, before)
	copy(b[k.from:], key)
	copy(b[k.to:], after)
	m.keys = append(m.keys, k)
	done = true
}

func (m *migration) dump(c *command.Ctx, e object.Entry) rdb.Payload {
	return rdb.Dump(m.all.arena, e, c.Env.Config.RDBCompression, mem.PurposeMigrate)
}

func (m *migration) items() []migrate.Item {
	items := make([]migrate.Item, len(m.keys))
	for i, k := range m.keys {
		items[i] = k
	}
	return items
}

// free gives everything back.
func (m *migration) free() {
	for _, k := range m.keys {
		m.all.arena.Free(k.head, k.size, mem.PurposeMigrate)
		k.payload.Free()
	}
	m.keys = nil
	delete(m.all.live, m)
}

// held reports whether a key that is to be deleted has a large value that a snapshot has not come to.
func (m *migration) held(c *command.Ctx, res migrate.Result) bool {
	for i, k := range m.keys {
		if res.Acked[i] && !m.options.copy && c.DB.Holds(k.key()) {
			return true
		}
	}
	return false
}

// end deletes what the target has, and answers.
func (m *migration) end(c *command.Ctx, res migrate.Result) {
	changed := 0
	if !m.options.copy {
		var moved [][]byte
		for i, k := range m.keys {
			if !res.Acked[i] {
				continue
			}
			if !m.drop(c, k) {
				changed++
			} else if k.deleted && c.Feeding() {
				moved = append(moved, append([]byte(nil), k.key()...))
			}
		}
		if len(moved) > 0 {
			c.Rewrite(append([][]byte{[]byte("DEL")}, moved...)...)
		}
	}
	switch {
	case res.Refused != "":
		c.Out.Error("ERR Target instance replied with error: " + res.Refused)
	case res.Err != nil:
		c.Out.Error(res.Err.Error())
	case changed > 0:
		c.Out.Error("TRYAGAIN " + strconv.Itoa(changed) + " of " + strconv.Itoa(len(m.keys)) + " keys changed while they were migrated: they stay here, and the target has them as they were")
	default:
		c.Out.OK()
	}
}

// drop deletes a key that the target has. It reports false, and leaves the key, if it is not as it was sent; what is gone only
// because its time has come is as it was. A key for which there is no memory to compare it counts as changed.
func (m *migration) drop(c *command.Ctx, k *migrating) bool {
	it := c.DB.Lookup(k.key(), keyspace.ForWrite|keyspace.NoTouch|keyspace.NoStats)
	if !it.Exists() {
		return k.expiry > 0 && k.expiry <= c.Now() || m.isDeleted(k.key())
	}
	same := false
	if max(it.Expiry(), 0) == k.expiry {
		mem.Try(func() {
			p := m.dump(c, it.Entry)
			same = p.Equal(&k.payload)
			p.Free()
		})
	}
	if !same {
		return false
	}
	key := k.key()
	it.Delete()
	k.deleted = true
	c.Changed(key, keyspace.Generic, "del")
	return true
}

// isDeleted reports whether this migration has deleted the key: it was named twice.
func (m *migration) isDeleted(key []byte) bool {
	for _, k := range m.keys {
		if k.deleted && string(k.key()) == string(key) {
			return true
		}
	}
	return false
}
