package pubsub

import (
	"granary/internal/command"
	"granary/internal/glob"
	"granary/internal/pubsub"
)

var specPublish = &command.Spec{
	Name: "publish", Summary: "Sends a message to all who are subscribed to a channel.", Since: "2.0.0",
	Group: command.GroupPubSub,
	Complexity: "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed " +
		"patterns (by any client).",
	Arity: 3, Flags: command.PubSub | command.Loading | command.Stale | command.Fast | command.MayReplicate,
	Channels: command.Channels{First: 1, Last: 1},
	Args:     []command.Arg{{Name: "channel", Type: command.ArgString}, {Name: "message", Type: command.ArgString}},
	Handler:  func(c *command.Ctx) { publish(c, pubsub.Channel) },
}

var specSPublish = &command.Spec{
	Name: "spublish", Summary: "Sends a message to all who are subscribed to a shard channel.", Since: "7.0.0",
	Group: command.GroupPubSub, Complexity: "O(N) where N is the number of clients subscribed to the receiving shard channel.",
	Arity: 3, Flags: command.PubSub | command.Loading | command.Stale | command.Fast | command.MayReplicate,
	Channels: command.Channels{First: 1, Last: 1},
	Keys:     command.OneKey(command.KeyNotKey),
	Args:     []command.Arg{{Name: "shardchannel", Type: command.ArgString}, {Name: "message", Type: command.ArgString}},
	Handler:  func(c *command.Ctx) { publish(c, pubsub.Shard) },
}

// publish answers PUBLISH channel message, or SPUBLISH: the number of messages sent.
func publish(c *command.Ctx, kind pubsub.Kind) {
	c.ForReplicas()
	c.Out.Int(int64(c.Env.Publish(kind, c.Args[1], c.Args[2])))
}

const flagsPubSub = command.PubSub | command.Loading | command.Stale

var specPubSub = &command.Spec{
	Name: "pubsub", Summary: "A container for commands that tell who is subscribed to what.", Since: "2.8.0",
	Group: command.GroupPubSub, Complexity: "Depends on subcommand.", Arity: -2,
	Subs: []*command.Spec{
		{
			Name: "channels", Summary: "Returns the channels that somebody is subscribed to.", Since: "2.8.0",
			Group: command.GroupPubSub,
			Complexity: "O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short " +
				"channels and patterns)",
			Arity: -2, Flags: flagsPubSub,
			Args:    []command.Arg{{Name: "pattern", Type: command.ArgPattern, Flags: command.Optional}},
			Handler: func(c *command.Ctx) { list(c, pubsub.Channel) },
		},
		{
			Name: "help", Summary: "Returns a text about the subcommands.", Since: "6.2.0",
			Group: command.GroupPubSub, Complexity: "O(1)", Arity: 2, Flags: command.Loading | command.Stale,
			Handler: cmdPubSubHelp,
		},
		{
			Name: "numpat", Summary: "Returns the number of patterns that somebody is subscribed to.", Since: "2.8.0",
			Group: command.GroupPubSub, Complexity: "O(1)", Arity: 2, Flags: flagsPubSub,
			Handler: func(c *command.Ctx) { c.Out.Int(int64(c.Env.PubSub.Len(pubsub.Pattern))) },
		},
		{
			Name: "numsub", Summary: "Returns how many clients are subscribed to each of some channels.", Since: "2.8.0",
			Group: command.GroupPubSub, Complexity: "O(N) for the NUMSUB subcommand, where N is the number of requested channels",
			Arity: -2, Flags: flagsPubSub,
			Args:    anyChannels,
			Handler: func(c *command.Ctx) { numbers(c, pubsub.Channel) },
		},
		{
			Name: "shardchannels", Summary: "Returns the shard channels that somebody is subscribed to.", Since: "7.0.0",
			Group: command.GroupPubSub,
			Complexity: "O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively short " +
				"shard channels).",
			Arity: -2, Flags: flagsPubSub,
			Args:    []command.Arg{{Name: "pattern", Type: command.ArgPattern, Flags: command.Optional}},
			Handler: func(c *command.Ctx) { list(c, pubsub.Shard) },
		},
		{
			Name: "shardnumsub", Summary: "Returns how many clients are subscribed to each of some shard channels.", Since: "7.0.0",
			Group: command.GroupPubSub, Complexity: "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels",
			Arity: -2, Flags: flagsPubSub,
			Args:    anyShards,
			Handler: func(c *command.Ctx) { numbers(c, pubsub.Shard) },
		},
	},
}

// list answers PUBSUB CHANNELS [pattern], or SHARDCHANNELS.
func list(c *command.Ctx, kind pubsub.Kind) {
	if len(c.Args) > 3 {
		c.WrongSubArity()
		return
	}
	n, mark := 0, c.Out.ArrayLater()
	c.Env.PubSub.Topics(kind, func(name []byte, _ func(func(int64))) bool {
		if len(c.Args) < 3 || glob.Match(c.Args[2], name, false) {
			c.Out.Bulk(name)
			n++
		}
		return true
	})
	c.Out.SetLen(mark, n)
}

// numbers answers PUBSUB NUMSUB [channel ...], or SHARDNUMSUB.
func numbers(c *command.Ctx, kind pubsub.Kind) {
	names := c.Args[2:]
	c.Out.Array(2 * len(names))
	for _, name := range names {
		c.Out.Bulk(name)
		c.Out.Int(int64(c.Env.PubSub.Subscribers(kind, name)))
	}
}

// cmdPubSubHelp answers PUBSUB HELP.
func cmdPubSubHelp(c *command.Ctx) {
	c.Help(
		"CHANNELS [<pattern>]",
		"    The channels with subscribers, those that match a pattern or all.",
		"NUMPAT",
		"    The number of patterns with subscribers.",
		"NUMSUB [<channel> ...]",
		"    How many clients are subscribed to each of the channels, patterns apart.",
		"SHARDCHANNELS [<pattern>]",
		"    The shard channels with subscribers.",
		"SHARDNUMSUB [<shardchannel> ...]",
		"    How many clients are subscribed to each of the shard channels.",
	)
}
