package acl

import (
	"granary/internal/command"
)

// logDefault is how many entries ACL LOG shows unless told.
const logDefault = 10

// cmdACLLog answers ACL LOG [count | RESET].
func cmdACLLog(c *command.Ctx) {
	log := &c.Env.ACL.Log
	n := int64(logDefault)
	switch {
	case len(c.Args) > 3:
		c.WrongSubArity()
		return
	case len(c.Args) == 3 && command.Is(c.Args[2], "reset"):
		log.Reset()
		c.Out.OK()
		return
	case len(c.Args) == 3:
		var ok bool
		if n, ok = c.Int(c.Args[2]); !ok {
			return
		}
	}
	entries := log.Latest(int(min(n, int64(log.Len()))))
	o := c.Out
	o.Array(len(entries))
	for _, e := range entries {
		o.Map(10)
		o.BulkString("count")
		o.Int(e.Count)
		o.BulkString("reason")
		o.BulkString(e.Reason.Reason())
		o.BulkString("context")
		o.BulkString(e.Context.String())
		o.BulkString("object")
		o.BulkString(e.Object)
		o.BulkString("username")
		o.BulkString(e.User)
		o.BulkString("age-seconds")
		o.Double(float64(c.Now()-e.Updated) / 1000)
		o.BulkString("client-info")
		o.BulkString(e.Client)
		o.BulkString("entry-id")
		o.Int(e.ID)
		o.BulkString("timestamp-created")
		o.Int(e.Created)
		o.BulkString("timestamp-last-updated")
		o.Int(e.Updated)
	}
}
