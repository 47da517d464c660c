package streams

import (
	"granary/internal/command"
	"granary/internal/types/stream"
)

const (
	errNeedsKey    = "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."
	errNeedsGroup  = "NOGROUP No such consumer group '%s' for key name '%s'"
	errBusyGroup   = "BUSYGROUP Consumer Group name already exists"
	errEntriesRead = "ERR value for ENTRIESREAD must be positive or -1"
)

// The arguments of a call that gives each option once. More of them are refused, but only after the key was looked at.
const (
	mostCreate = 8
	mostSetID  = 7
)

// groupOptions reads what follows the ID of XGROUP CREATE and SETID, or answers an error.
func groupOptions(c *command.Ctx, create bool) (makeStream bool, read int64, ok bool) {
	read = stream.UnknownRead
	for i := 5; i < len(c.Args); i++ {
		switch {
		case create && command.Is(c.Args[i], "mkstream"):
			makeStream = true
		case i+1 < len(c.Args) && command.Is(c.Args[i], "entriesread"):
			i++
			if read, ok = c.Int(c.Args[i]); !ok {
				return makeStream, read, false
			}
			if read < 0 && read != stream.UnknownRead {
				c.Out.Error(errEntriesRead)
				return makeStream, read, false
			}
		default:
			c.WrongSubArity()
			return makeStream, read, false
		}
	}
	return makeStream, read, true
}

// streamFor looks the stream of an XGROUP subcommand up, or answers an error.
func streamFor(c *command.Ctx, needsGroup bool) (s stream.Stream, g stream.Group, ok bool) {
	it := c.Write(c.Args[2])
	if !it.Exists() {
		c.Out.Error(errNeedsKey)
		return s, g, false
	}
	if !isStream(c, &it) {
		return s, g, false
	}
	s = stream.In(&it)
	if g = s.Group(c.Args[3]); !g.Ok() && needsGroup {
		c.Out.Errorf(errNeedsGroup, command.Clip(c.Args[3]), command.Clip(c.Args[2]))
		return s, g, false
	}
	return s, g, true
}

// cmdXGroupCreate answers XGROUP CREATE key group id | $ [MKSTREAM] [ENTRIESREAD entries-read].
func cmdXGroupCreate(c *command.Ctx) {
	makeStream, read, ok := groupOptions(c, true)
	if !ok {
		return
	}
	it := c.Write(c.Args[2])
	var s stream.Stream
	switch {
	case !it.Exists() && !makeStream:
		c.Out.Error(errNeedsKey)
		return
	case it.Exists():
		if !isStream(c, &it) {
			return
		}
		s = stream.In(&it)
	}
	if len(c.Args) > mostCreate {
		c.WrongSubArity()
		return
	}
	var id stream.ID
	if string(c.Args[4]) != "$" {
		if id, ok = strictID(c, c.Args[4], 0); !ok {
			return
		}
	} else if it.Exists() {
		id = s.LastID()
	}
	created := true
	if it.Exists() {
		_, created = s.CreateGroup(c.Args[3], id, read)
	} else {
		_, _ = stream.Create(&it, func(s *stream.Stream) error {
			s.CreateGroup(c.Args[3], id, read)
			return nil
		})
		c.Keys().Modified(c.DB.ID, c.Args[2])
	}
	if !created {
		c.Out.Error(errBusyGroup)
		return
	}
	c.Out.OK()
	noted(c, c.Args[2], "xgroup-create", 1)
}

// cmdXGroupSetID answers XGROUP SETID key group id | $ [ENTRIESREAD entries-read].
func cmdXGroupSetID(c *command.Ctx) {
	_, read, ok := groupOptions(c, false)
	if !ok {
		return
	}
	s, g, ok := streamFor(c, true)
	if !ok {
		return
	}
	if len(c.Args) > mostSetID {
		c.WrongSubArity()
		return
	}
	id := s.LastID()
	if string(c.Args[4]) != "$" {
		if id, ok = stream.ParseLoose(c.Args[4], 0); !ok {
			c.Out.Error(errInvalidID)
			return
		}
	}
	g.SetLastID(id)
	g.SetEntriesRead(read)
	c.Out.OK()
	noted(c, c.Args[2], "xgroup-setid", 1)
}

// cmdXGroupDestroy answers XGROUP DESTROY key group. Who waits for the group is told that it is gone.
func cmdXGroupDestroy(c *command.Ctx) {
	s, g, ok := streamFor(c, false)
	if !ok {
		return
	}
	if !g.Ok() {
		c.Out.Int(0)
		return
	}
	gone, _ := s.DetachGroup(c.Args[3])
	c.DB.GiveBackGroup(c.Args[2], gone)
	c.Out.Int(1)
	noted(c, c.Args[2], "xgroup-destroy", 1)
	c.Ready(c.Args[2])
}

// cmdXGroupCreateConsumer answers XGROUP CREATECONSUMER key group consumer.
func cmdXGroupCreateConsumer(c *command.Ctx) {
	_, g, ok := streamFor(c, true)
	if !ok {
		return
	}
	if _, created := g.CreateConsumer(c.Args[4], c.Now()); !created {
		c.Out.Int(0)
		return
	}
	c.Out.Int(1)
	noted(c, c.Args[2], "xgroup-createconsumer", 1)
}

// cmdXGroupDelConsumer answers XGROUP DELCONSUMER key group consumer.
func cmdXGroupDelConsumer(c *command.Ctx) {
	_, g, ok := streamFor(c, true)
	if !ok {
		return
	}
	pending, gone, existed := g.DetachConsumer(c.Args[4])
	c.DB.GiveBackConsumer(c.Args[2], gone)
	if existed {
		noted(c, c.Args[2], "xgroup-delconsumer", 1)
	}
	c.Out.Int(int64(pending))
}

// cmdXGroupHelp answers XGROUP HELP.
func cmdXGroupHelp(c *command.Ctx) {
	c.Help(
		"CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <entries-read>]",
		"    Create a group that begins after an ID; MKSTREAM creates the stream too.",
		"CREATECONSUMER <key> <group> <consumer>",
		"    Create a consumer of a group.",
		"DELCONSUMER <key> <group> <consumer>",
		"    Delete a consumer and what is pending with it.",
		"DESTROY <key> <group>",
		"    Delete a group.",
		"SETID <key> <group> <id|$> [ENTRIESREAD <entries-read>]",
		"    Set the last ID that the group was given.",
	)
}
