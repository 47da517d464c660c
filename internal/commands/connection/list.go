package connection

import (
	"slices"

	"granary/internal/acl"
	"granary/internal/command"
	"granary/internal/object"
)

// filter chooses clients, for CLIENT LIST and CLIENT KILL. A field that is not set lets everybody through.
type filter struct {
	ids    []int64
	addr   []byte
	laddr  []byte
	user   *acl.User
	kind   string
	maxAge int64 // seconds, at least
	skipMe bool
}

// kinds are the types of clients (command.Client.Kind) by the names they are chosen by. There are no masters or replicas so far.
var kinds = []struct{ word, kind string }{
	{"normal", "normal"}, {"master", "master"}, {"slave", "replica"}, {"replica", "replica"}, {"pubsub", "pubsub"},
}

// parse reads options from args[i] on. It answers an error and reports false if one is wrong.
func (f *filter) parse(c *command.Ctx, i int) bool {
	args := c.Args
	for i < len(args) {
		more := i+1 < len(args)
		switch opt := args[i]; {
		case command.Is(opt, "id") && more:
			i++
			n := len(f.ids)
			for i < len(args) {
				id, ok := object.ParseInt(args[i])
				if !ok && len(f.ids) > n {
					break // the next option
				}
				if !ok {
					c.SyntaxError()
					return false
				}
				if id <= 0 {
					c.Out.Error("ERR client-id should be greater than 0")
					return false
				}
				f.ids = append(f.ids, id)
				i++
			}
			continue
		case command.Is(opt, "type") && more:
			f.kind = ""
			for _, k := range kinds {
				if command.Is(args[i+1], k.word) {
					f.kind = k.kind
				}
			}
			if f.kind == "" {
				c.Out.Error("ERR Unknown client type '" + string(args[i+1]) + "'")
				return false
			}
		case command.Is(opt, "addr") && more:
			f.addr = args[i+1]
		case command.Is(opt, "laddr") && more:
			f.laddr = args[i+1]
		case command.Is(opt, "user") && more:
			if f.user = c.Env.ACL.Users.Find(args[i+1]); f.user == nil {
				c.Out.Error("ERR No such user '" + string(args[i+1]) + "'")
				return false
			}
		case command.Is(opt, "maxage") && more:
			age, ok := object.ParseInt(args[i+1])
			if !ok {
				c.Out.Error("ERR maxage is not an integer or out of range")
				return false
			}
			if age <= 0 {
				c.Out.Error("ERR maxage should be greater than 0")
				return false
			}
			f.maxAge = age
		case command.Is(opt, "skipme") && more:
			switch {
			case command.Is(args[i+1], "yes"):
				f.skipMe = true
			case command.Is(args[i+1], "no"):
				f.skipMe = false
			default:
				c.SyntaxError()
				return false
			}
		default:
			c.SyntaxError()
			return false
		}
		i += 2
	}
	return true
}

// matches tells whether the filter lets a client through. REQUIRES: the locks that make its state readable.
func (f *filter) matches(c *command.Ctx, x *command.Client) bool {
	switch {
	case f.ids != nil && !slices.Contains(f.ids, x.ID),
		f.addr != nil && string(f.addr) != x.Addr(),
		f.laddr != nil && string(f.laddr) != x.LocalAddr(),
		f.user != nil && f.user != x.User,
		f.kind != "" && f.kind != x.Kind(),
		f.maxAge > 0 && (c.Now()-x.Created)/1000 < f.maxAge,
		f.skipMe && x == c.Client:
		return false
	}
	return true
}

// cmdClientList answers CLIENT LIST [filter ...].
func cmdClientList(c *command.Ctx) {
	var f filter
	if !f.parse(c, 2) {
		return
	}
	var lines []byte
	c.Env.Ops.EachClient(func(x *command.Client) {
		if f.matches(c, x) && !x.Closing() {
			lines = append(x.AppendDescription(lines), '\n')
		}
	})
	c.Out.Verbatim(string(lines), "txt")
}

// cmdClientInfo answers CLIENT INFO.
func cmdClientInfo(c *command.Ctx) {
	c.Out.Verbatim(c.Client.Describe()+"\n", "txt")
}

// cmdClientKill answers CLIENT KILL addr, and CLIENT KILL filter ....
func cmdClientKill(c *command.Ctx) {
	old := len(c.Args) == 3
	f := filter{skipMe: !old}
	if old {
		f.addr = c.Args[2]
	} else if !f.parse(c, 2) {
		return
	}
	var doomed []*command.Client
	c.Env.Ops.EachClient(func(x *command.Client) {
		if f.matches(c, x) && !x.Closing() {
			doomed = append(doomed, x)
		}
	})
	for _, x := range doomed {
		c.Env.Ops.Kill(x, x == c.Client)
	}
	switch {
	case !old:
		c.Out.Int(int64(len(doomed)))
	case len(doomed) == 0:
		c.Out.Error("ERR No such client")
	default:
		c.Out.OK()
	}
}
