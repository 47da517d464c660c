package admin

import "granary/internal/command"

// protocolKinds are the replies of DEBUG PROTOCOL: one of each kind that the protocol has.
var protocolKinds = []struct {
	name  string
	write func(c *command.Ctx)
}{
	{"string", func(c *command.Ctx) { c.Out.BulkString("Hello World") }},
	{"integer", func(c *command.Ctx) { c.Out.Int(12345) }},
	{"double", func(c *command.Ctx) { c.Out.Double(3.141) }},
	{"bignum", func(c *command.Ctx) { c.Out.BigNumber("1234567999999999999999999999999999999") }},
	{"null", func(c *command.Ctx) { c.Out.Null() }},
	{"array", func(c *command.Ctx) {
		c.Out.Array(3)
		count3(c)
	}},
	{"set", func(c *command.Ctx) {
		c.Out.Set(3)
		count3(c)
	}},
	{"map", func(c *command.Ctx) {
		c.Out.Map(3)
		for i := range 3 {
			c.Out.Int(int64(i))
			c.Out.Bool(i == 1)
		}
	}},
	{"attrib", func(c *command.Ctx) {
		if c.Out.Proto == 3 {
			c.Out.Attribute(1)
			c.Out.BulkString("key-popularity")
			c.Out.Array(2)
			c.Out.BulkString("key:123")
			c.Out.Int(90)
		}
		c.Out.BulkString("Some real reply following the attribute")
	}},
	{"push", func(c *command.Ctx) {
		if c.Out.Proto < 3 {
			c.Out.Error("ERR RESP2 is not supported by this command")
			return
		}
		c.Out.Push(2)
		c.Out.BulkString("server-cpu-usage")
		c.Out.Int(42)
		c.Out.BulkString("Some real reply following the push reply")
	}},
	{"verbatim", func(c *command.Ctx) { c.Out.Verbatim("This is a verbatim\nstring", "txt") }},
	{"true", func(c *command.Ctx) { c.Out.Bool(true) }},
	{"false", func(c *command.Ctx) { c.Out.Bool(false) }},
}

func count3(c *command.Ctx) {
	for i := range 3 {
		c.Out.Int(int64(i))
	}
}

// debugProtocol does DEBUG PROTOCOL kind.
func debugProtocol(c *command.Ctx) {
	for _, k := range protocolKinds {
		if command.Is(c.Args[2], k.name) {
			k.write(c)
			return
		}
	}
	c.Out.Error("ERR Wrong protocol type name. Please use one of the following: " +
		"string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false")
}
