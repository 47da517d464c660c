// Package pubsub implements the commands of publish and subscribe. Who is subscribed to what is known by
// granary/internal/pubsub; how a message reaches a client is in internal/command.
package pubsub

import (
	"granary/internal/command"
	"granary/internal/pubsub"
)

// Register adds the commands of this family.
func Register(t *command.Table) {
	t.Register(
		specSubscribe, specUnsubscribe, specPSubscribe, specPUnsubscribe, specSSubscribe, specSUnsubscribe,
		specPublish, specSPublish, specPubSub,
	)
}

// words are what the replies of a kind of subscription are called.
type words struct {
	kind      pubsub.Kind
	subscribe string
	leave     string
}

var (
	channels = words{pubsub.Channel, "subscribe", "unsubscribe"}
	patterns = words{pubsub.Pattern, "psubscribe", "punsubscribe"}
	shards   = words{pubsub.Shard, "ssubscribe", "sunsubscribe"}
)

const flagsSubscribe = command.PubSub | command.NoScript | command.Loading | command.Stale

var (
	argChannels = []command.Arg{{Name: "channel", Type: command.ArgString, Flags: command.Multiple}}
	argPatterns = []command.Arg{{Name: "pattern", Type: command.ArgBlock, Flags: command.Multiple, Args: []command.Arg{
		{Name: "pattern", Type: command.ArgPattern},
	}}}
	argShards   = []command.Arg{{Name: "shardchannel", Type: command.ArgString, Flags: command.Multiple}}
	anyChannels = []command.Arg{{Name: "channel", Type: command.ArgString, Flags: command.Optional | command.Multiple}}
	anyPatterns = []command.Arg{{Name: "pattern", Type: command.ArgPattern, Flags: command.Optional | command.Multiple}}
	anyShards   = []command.Arg{{Name: "shardchannel", Type: command.ArgString, Flags: command.Optional | command.Multiple}}
)

var specSubscribe = &command.Spec{
	Name: "subscribe", Summary: "Has the messages published to channels sent to the client.", Since: "2.0.0",
	Group: command.GroupPubSub, Complexity: "O(N) where N is the number of channels to subscribe to.",
	Arity: -2, Flags: flagsSubscribe, Channels: command.Channels{First: 1, Last: -1},
	Args: argChannels, Handler: func(c *command.Ctx) { subscribe(c, &channels) },
}

var specPSubscribe = &command.Spec{
	Name: "psubscribe", Summary: "Has the messages published to channels that match patterns sent to the client.", Since: "2.0.0",
	Group: command.GroupPubSub, Complexity: "O(N) where N is the number of patterns the client is already subscribed to.",
	Arity: -2, Flags: flagsSubscribe, Channels: command.Channels{First: 1, Last: -1, Pattern: true},
	Args: argPatterns, Handler: func(c *command.Ctx) { subscribe(c, &patterns) },
}

var specSSubscribe = &command.Spec{
	Name: "ssubscribe", Summary: "Has the messages published to shard channels sent to the client.", Since: "7.0.0",
	Group: command.GroupPubSub, Complexity: "O(N) where N is the number of shard channels to subscribe to.",
	Arity: -2, Flags: flagsSubscribe, Channels: command.Channels{First: 1, Last: -1},
	Keys: command.Keys(command.KeyNotKey, 1, -1, 1),
	Args: argShards, Handler: func(c *command.Ctx) { subscribe(c, &shards) },
}

var specUnsubscribe = &command.Spec{
	Name: "unsubscribe", Summary: "Ends subscriptions to channels, or to all of them.", Since: "2.0.0",
	Group: command.GroupPubSub, Complexity: "O(N) where N is the number of clients already subscribed to a channel.",
	Arity: -1, Flags: flagsSubscribe,
	Args: anyChannels, Handler: func(c *command.Ctx) { unsubscribe(c, &channels) },
}

var specPUnsubscribe = &command.Spec{
	Name: "punsubscribe", Summary: "Ends subscriptions to patterns of channels, or to all of them.", Since: "2.0.0",
	Group: command.GroupPubSub,
	Complexity: "O(N+M) where N is the number of patterns the client is already subscribed and M is the number of total patterns " +
		"subscribed in the system (by any client).",
	Arity: -1, Flags: flagsSubscribe,
	Args: anyPatterns, Handler: func(c *command.Ctx) { unsubscribe(c, &patterns) },
}

var specSUnsubscribe = &command.Spec{
	Name: "sunsubscribe", Summary: "Ends subscriptions to shard channels, or to all of them.", Since: "7.0.0",
	Group: command.GroupPubSub, Complexity: "O(N) where N is the number of clients already subscribed to a shard channel.",
	Arity: -1, Flags: flagsSubscribe,
	Keys: command.Keys(command.KeyNotKey, 1, -1, 1),
	Args: anyShards, Handler: func(c *command.Ctx) { unsubscribe(c, &shards) },
}

// subscribe answers SUBSCRIBE channel [channel ...] and its likes: an answer for each name.
func subscribe(c *command.Ctx, w *words) {
	client := c.Client
	if client.Subs == nil {
		client.Subs = pubsub.NewSet(client.ID)
	}
	defer client.Subscribed() // also if there is no memory
	for _, name := range c.Args[1:] {
		c.Env.PubSub.Subscribe(client.Subs, w.kind, name)
		client.Subscribed()
		answer(c, w, w.subscribe, name)
	}
}

// unsubscribe answers UNSUBSCRIBE [channel ...] and its likes: an answer for each name, or one without a name.
func unsubscribe(c *command.Ctx, w *words) {
	client := c.Client
	if len(c.Args) > 1 {
		for _, name := range c.Args[1:] {
			c.Env.PubSub.Unsubscribe(client.Subs, w.kind, name)
			answer(c, w, w.leave, name)
		}
		client.Subscribed()
		return
	}
	if client.Subs.Len(w.kind) == 0 {
		answer(c, w, w.leave, nil)
		return
	}
	for client.Subs.Len(w.kind) > 0 {
		name := append([]byte(nil), client.Subs.Any(w.kind)...)
		c.Env.PubSub.Unsubscribe(client.Subs, w.kind, name)
		answer(c, w, w.leave, name)
	}
	client.Subscribed()
}

// answer tells of one change, with the number of subscriptions: to channels and patterns together, or to shard channels. A
// client that does not want replies (CLIENT REPLY) is told, too.
func answer(c *command.Ctx, w *words, word string, name []byte) {
	subs, n := c.Client.Subs, 0
	if w.kind == pubsub.Shard {
		n = subs.Len(pubsub.Shard)
	} else {
		n = subs.Len(pubsub.Channel) + subs.Len(pubsub.Pattern)
	}
	o := c.Out
	muted := o.Muted()
	o.Mute(false)
	o.Push(3)
	o.BulkString(word)
	if name == nil {
		o.Null()
	} else {
		o.Bulk(name)
	}
	o.Int(int64(n))
	o.Mute(muted)
}
