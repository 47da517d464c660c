// Package command is what every command family shares: the declaration of a command (Spec), the one table of all
// commands and what is derived from it, the session of a client (Client), a command in execution (Ctx), and the path
// from bytes to handler (dispatch.go: read that file first).
//
// A family declares each command once, as a Spec beside its handler, and registers its specs with a Table. Documentation,
// ACL categories, COMMAND INFO/DOCS/GETKEYS, statistics and arity checks all read that declaration.
package command

// Flags are a command's properties, one bit each.
type Flags uint32

// The flags; FlagNames gives the names COMMAND INFO shows.
const (
	Write            Flags = 1 << iota // changes data
	ReadOnly                           // reads data
	DenyOOM                            // refused when memory is over maxmemory
	Admin                              // server administration
	PubSub                             // publish/subscribe
	NoScript                           // refused in scripts
	Random                             // not shown any more; kept for derived ACL rules
	Loading                            // allowed while a data set is loading
	Stale                              // allowed on a replica with stale data
	SkipMonitor                        // never shown to MONITOR
	SkipSlowlog                        // never in SLOWLOG
	Asking                             // cluster: implies ASKING
	Fast                               // O(1) or O(log n)
	NoAuth                             // allowed before authentication
	MayReplicate                       // may produce replication traffic though not a write
	NoMandatoryKeys                    // keys are optional
	ProtectedCmd                       // needs enable-*-command
	NoAsyncLoading                     // refused during asynchronous loading
	NoMulti                            // refused in MULTI
	AllowBusy                          // allowed while a script is busy
	MovableKeys                        // key positions depend on arguments (derived)
	Blocking                           // may block the client
	ModuleCmd                          // never set; listed because clients know the name
	TouchesArbitrary                   // meets keys on a walk; not shown
)

// FlagNames lists the flags that COMMAND INFO shows, in Redis's order and spelling.
var FlagNames = []struct {
	Flag Flags
	Name string
}{
	{Write, "write"},
	{ReadOnly, "readonly"},
	{DenyOOM, "denyoom"},
	{ModuleCmd, "module"},
	{Admin, "admin"},
	{PubSub, "pubsub"},
	{NoScript, "noscript"},
	{Blocking, "blocking"},
	{Loading, "loading"},
	{Stale, "stale"},
	{SkipMonitor, "skip_monitor"},
	{SkipSlowlog, "skip_slowlog"},
	{Asking, "asking"},
	{Fast, "fast"},
	{NoAuth, "no_auth"},
	{NoMandatoryKeys, "no_mandatory_keys"},
	{ProtectedCmd, "protected"},
	{NoAsyncLoading, "no_async_loading"},
	{NoMulti, "no_multi"},
	{MovableKeys, "movablekeys"},
	{AllowBusy, "allow_busy"},
}

// Group is the documentation group a command belongs to.
type Group string

// The groups, in Redis's spelling.
const (
	GroupGeneric      Group = "generic"
	GroupString       Group = "string"
	GroupList         Group = "list"
	GroupSet          Group = "set"
	GroupSortedSet    Group = "sorted-set"
	GroupHash         Group = "hash"
	GroupPubSub       Group = "pubsub"
	GroupTransactions Group = "transactions"
	GroupConnection   Group = "connection"
	GroupServer       Group = "server"
	GroupScripting    Group = "scripting"
	GroupHyperLogLog  Group = "hyperloglog"
	GroupCluster      Group = "cluster"
	GroupSentinel     Group = "sentinel"
	GroupGeo          Group = "geo"
	GroupStream       Group = "stream"
	GroupBitmap       Group = "bitmap"
)

// Category is a set of ACL categories.
type Category uint32

// The categories. Those that follow from flags and group are derived; a Spec names the others in Categories.
const (
	CatKeyspace Category = 1 << iota
	CatRead
	CatWrite
	CatSet
	CatSortedSet
	CatList
	CatHash
	CatString
	CatBitmap
	CatHyperLogLog
	CatGeo
	CatStream
	CatPubSub
	CatAdmin
	CatFast
	CatSlow
	CatBlocking
	CatDangerous
	CatConnection
	CatTransaction
	CatScripting
)

// CategoryNames lists the categories in the order of ACL CAT.
var CategoryNames = []struct {
	Category Category
	Name     string
}{
	{CatKeyspace, "keyspace"},
	{CatRead, "read"},
	{CatWrite, "write"},
	{CatSet, "set"},
	{CatSortedSet, "sortedset"},
	{CatList, "list"},
	{CatHash, "hash"},
	{CatString, "string"},
	{CatBitmap, "bitmap"},
	{CatHyperLogLog, "hyperloglog"},
	{CatGeo, "geo"},
	{CatStream, "stream"},
	{CatPubSub, "pubsub"},
	{CatAdmin, "admin"},
	{CatFast, "fast"},
	{CatSlow, "slow"},
	{CatBlocking, "blocking"},
	{CatDangerous, "dangerous"},
	{CatConnection, "connection"},
	{CatTransaction, "transaction"},
	{CatScripting, "scripting"},
}

// KeyFlags say what a command does with the keys of a KeySpec.
type KeyFlags uint16

// The key flags; KeyFlagNames gives their names.
const (
	KeyRO KeyFlags = 1 << iota
	KeyRW
	KeyOW
	KeyRM
	KeyAccess
	KeyUpdate
	KeyInsert
	KeyDelete
	KeyNotKey
	KeyIncomplete
	KeyVariableFlags
)

// KeyFlagNames lists the key flags in the order and spelling of COMMAND INFO.
var KeyFlagNames = []struct {
	Flag KeyFlags
	Name string
}{
	{KeyRO, "RO"},
	{KeyRW, "RW"},
	{KeyOW, "OW"},
	{KeyRM, "RM"},
	{KeyAccess, "access"},
	{KeyUpdate, "update"},
	{KeyInsert, "insert"},
	{KeyDelete, "delete"},
	{KeyNotKey, "not_key"},
	{KeyIncomplete, "incomplete"},
	{KeyVariableFlags, "variable_flags"},
}

// KeySpec says where some of a command's keys are: where the search begins, and how the keys follow from there.
// Redis's key specifications, with the same numbers.
type KeySpec struct {
	Flags KeyFlags
	Notes string

	// Begin: the argument at Index, or after the word Keyword, looked for from StartFrom (negative: from the end).
	Index     int
	Keyword   string
	StartFrom int

	// Find: a range to LastKey (negative: from the end; relative to the first key otherwise) by KeyStep, the first
	// 1/Limit of it; or, with KeyNum, a count at KeyNumIdx (relative to the beginning) and keys from FirstKey.
	LastKey   int
	KeyStep   int
	Limit     int
	KeyNum    bool
	KeyNumIdx int
	FirstKey  int
	Unknown   bool // keys cannot be found by rule (SORT's BY/GET): GetKeys does it
}

// OneKey is the key spec of a command with one key at position 1.
func OneKey(flags KeyFlags) []KeySpec { return Keys(flags, 1, 0, 1) }

// Keys is a key spec for a range: first argument, last (relative to the first; negative counts from the end) and step.
func Keys(flags KeyFlags, first, last, step int) []KeySpec {
	return []KeySpec{{Flags: flags, Index: first, LastKey: last, KeyStep: step}}
}

// Channels says which arguments of a command are channels that the user must be permitted to use: from First to Last, which
// counts from the end if it is negative. First is 0 for a command without any.
type Channels struct {
	First, Last int
	Pattern     bool // they are patterns of channels
}

// ArgType is the type of an argument in COMMAND DOCS.
type ArgType uint8

// The argument types.
const (
	ArgString ArgType = iota
	ArgInteger
	ArgDouble
	ArgKey
	ArgPattern
	ArgUnixTime
	ArgPureToken
	ArgOneOf
	ArgBlock
)

// ArgFlags are properties of an argument.
type ArgFlags uint8

// The argument flags.
const (
	Optional ArgFlags = 1 << iota
	Multiple
	MultipleToken
)

// Arg is a node of a command's argument tree.
type Arg struct {
	Name    string
	Type    ArgType
	Token   string
	Summary string
	Since   string
	Display string // display_text, Name when empty
	KeySpec int    // index of the key spec plus one; 0 for none
	Flags   ArgFlags
	Args    []Arg
	// DeprecatedSince is set on arguments that have been superseded.
	DeprecatedSince string
}

// Change is a line of a command's history.
type Change struct{ Since, What string }

// Handler executes a command.
type Handler func(*Ctx)

// Spec declares a command.
type Spec struct {
	Name    string // lower case; a subcommand has its own name only
	Summary string // one sentence, our words
	Since   string // the Redis version that introduced it
	Group   Group
	// Complexity is the cost in O notation.
	Complexity string
	// Arity counts the name; negative means at least that many.
	Arity      int
	Flags      Flags
	InMulti    InMulti  // what becomes of it in a transaction
	Categories Category // beyond those that follow from Flags and Group
	Keys       []KeySpec
	Channels   Channels
	Args       []Arg
	Tips       []string
	History    []Change
	// DeprecatedSince and ReplacedBy are set on commands that have a successor.
	DeprecatedSince string
	ReplacedBy      string
	SysCmd          bool // doc_flags: syscmd
	// GetKeys finds keys where Keys cannot; it appends argument positions.
	GetKeys func(args [][]byte, dst []KeyPos) ([]KeyPos, bool)
	// GetFlags finds the flags of a command line where they depend on more than the command (what a script declares).
	// Nil: Flags.
	GetFlags func(c *Client, args [][]byte) Flags
	// Barred tells why the configuration keeps a client from the command, "" if it does not. It is asked before the
	// command is queued in a transaction; otherwise the handler asks.
	Barred func(c *Client) string

	Handler Handler // nil for a container without a form of its own
	Subs    []*Spec

	// Derived by Table.Register.
	Parent *Spec
	Full   string // "config|get"
	ID     int    // dense index, for statistics
	cats   Category
	brief  bool // takes about as long whatever it works on: several may be timed together
}

// KeyPos is a key among a command's arguments.
type KeyPos struct {
	Index int
	Flags KeyFlags
}

// AllCategories returns every ACL category of the command.
func (s *Spec) AllCategories() Category { return s.cats }
