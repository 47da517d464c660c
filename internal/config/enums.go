package config

// MaxMemoryPolicy says which keys are evicted at the memory limit.
type MaxMemoryPolicy int

const (
	VolatileLRU MaxMemoryPolicy = iota
	VolatileLFU
	VolatileRandom
	VolatileTTL
	AllKeysLRU
	AllKeysLFU
	AllKeysRandom
	NoEviction
)

// LFU reports whether the policy counts how often keys are used, which changes what the lru bits of an entry mean.
func (p MaxMemoryPolicy) LFU() bool { return p == VolatileLFU || p == AllKeysLFU }

// LRU reports whether the policy goes by the time of the last access.
func (p MaxMemoryPolicy) LRU() bool { return p == VolatileLRU || p == AllKeysLRU }

// VolatileOnly reports whether only keys with an expiry may be evicted.
func (p MaxMemoryPolicy) VolatileOnly() bool { return p <= VolatileTTL }

func (p MaxMemoryPolicy) String() string { return wordOf(policyWords, p) }

var policyWords = []word[MaxMemoryPolicy]{
	{"volatile-lru", VolatileLRU},
	{"volatile-lfu", VolatileLFU},
	{"volatile-random", VolatileRandom},
	{"volatile-ttl", VolatileTTL},
	{"allkeys-lru", AllKeysLRU},
	{"allkeys-lfu", AllKeysLFU},
	{"allkeys-random", AllKeysRandom},
	{"noeviction", NoEviction},
}

// AppendFsync says when the append-only file is synced.
type AppendFsync int

const (
	FsyncEverySec AppendFsync = iota
	FsyncAlways
	FsyncNo
)

func (f AppendFsync) String() string { return wordOf(fsyncWords, f) }

var fsyncWords = []word[AppendFsync]{{"everysec", FsyncEverySec}, {"always", FsyncAlways}, {"no", FsyncNo}}

// LogLevel is the least severity that is logged.
type LogLevel int

const (
	LogDebug LogLevel = iota
	LogVerbose
	LogNotice
	LogWarning
	LogNothing
)

var logLevelWords = []word[LogLevel]{
	{"debug", LogDebug}, {"verbose", LogVerbose}, {"notice", LogNotice}, {"warning", LogWarning}, {"nothing", LogNothing},
}

// Access says who may use a dangerous command or directive.
type Access int

const (
	AccessNo    Access = iota
	AccessYes          // anybody
	AccessLocal        // connections from this machine
)

var accessWords = []word[Access]{{"no", AccessNo}, {"yes", AccessYes}, {"local", AccessLocal}}

// Shutdown is a set of flags for what a signal does.
type Shutdown int

const (
	ShutdownSave   Shutdown = 1 << iota // save even without save points
	ShutdownNoSave                      // do not save even with save points
	ShutdownNow                         // do not wait for lagging replicas
	ShutdownForce                       // ignore errors of the save
)

var shutdownWords = []word[Shutdown]{
	{"default", 0}, {"save", ShutdownSave}, {"nosave", ShutdownNoSave}, {"now", ShutdownNow}, {"force", ShutdownForce},
}

// DeadKinds is a set of kinds of dead memory. The bits are those of package dead.
type DeadKinds int

var deadKindWords = []word[DeadKinds]{
	{"none", 0},
	{"expired", 1 << 0},
	{"expired-fields", 1 << 1},
	{"strings", 1 << 2},
	{"lists", 1 << 3},
	{"streams", 1 << 4},
	{"tables", 1 << 5},
	{"intsets", 1 << 6},
	{"encodings", 1 << 7},
	{"clients", 1 << 8},
	{"tracking", 1 << 9},
	{"scripts", 1 << 10},
}

// defaultDeadKinds is what can be freed without anybody seeing it: all but encodings and scripts.
const defaultDeadKinds DeadKinds = 1<<11 - 1 - 1<<7 - 1<<10

// Supervised says who started the server and wants to be told of its state.
type Supervised int

const (
	SupervisedNo Supervised = iota
	SupervisedAuto
	SupervisedSystemd
	SupervisedUpstart
)

var supervisedWords = []word[Supervised]{
	{"upstart", SupervisedUpstart}, {"systemd", SupervisedSystemd}, {"auto", SupervisedAuto}, {"no", SupervisedNo},
}

// DisklessLoad says how a replica loads the snapshot of its master.
type DisklessLoad int

const (
	DisklessLoadDisabled DisklessLoad = iota
	DisklessLoadOnEmptyDB
	DisklessLoadSwapDB
	DisklessLoadFlushBefore
)

var disklessLoadWords = []word[DisklessLoad]{
	{"disabled", DisklessLoadDisabled},
	{"on-empty-db", DisklessLoadOnEmptyDB},
	{"swapdb", DisklessLoadSwapDB},
	{"flush-before-load", DisklessLoadFlushBefore},
}

// TLSAuthClients says whether clients must show a certificate.
type TLSAuthClients int

const (
	TLSAuthNo TLSAuthClients = iota
	TLSAuthYes
	TLSAuthOptional
)

var tlsAuthWords = []word[TLSAuthClients]{{"no", TLSAuthNo}, {"yes", TLSAuthYes}, {"optional", TLSAuthOptional}}

// OOMScoreAdj says whether and how the score for the kernel's out-of-memory killer is set.
type OOMScoreAdj int

const (
	OOMScoreNo OOMScoreAdj = iota
	OOMScoreRelative
	OOMScoreAbsolute
)

var oomScoreWords = []word[OOMScoreAdj]{
	{"no", OOMScoreNo}, {"yes", OOMScoreRelative}, {"relative", OOMScoreRelative}, {"absolute", OOMScoreAbsolute},
}

// SanitizeDump says for whom RESTORE payloads are checked deeply.
type SanitizeDump int

const (
	SanitizeNo SanitizeDump = iota
	SanitizeYes
	SanitizeClients
)

var sanitizeWords = []word[SanitizeDump]{{"no", SanitizeNo}, {"yes", SanitizeYes}, {"clients", SanitizeClients}}

// EndpointType is how cluster nodes are named to clients.
type EndpointType int

const (
	EndpointIP EndpointType = iota
	EndpointHostname
	EndpointUnknown
)

var endpointWords = []word[EndpointType]{
	{"ip", EndpointIP}, {"hostname", EndpointHostname}, {"unknown-endpoint", EndpointUnknown},
}

// PropagationError says what happens when a replica or the AOF gets a command that fails.
type PropagationError int

const (
	PropagationIgnore PropagationError = iota
	PropagationPanic
	PropagationPanicOnReplicas
)

var propagationWords = []word[PropagationError]{
	{"ignore", PropagationIgnore}, {"panic", PropagationPanic}, {"panic-on-replicas", PropagationPanicOnReplicas},
}

// SyslogFacility is the facility of the system log.
type SyslogFacility int

// The values are those of syslog(3), shifted down by three bits.
const (
	FacilityUser   SyslogFacility = 1
	FacilityLocal0 SyslogFacility = 16
)

var facilityWords = []word[SyslogFacility]{
	{"user", FacilityUser},
	{"local0", FacilityLocal0},
	{"local1", FacilityLocal0 + 1},
	{"local2", FacilityLocal0 + 2},
	{"local3", FacilityLocal0 + 3},
	{"local4", FacilityLocal0 + 4},
	{"local5", FacilityLocal0 + 5},
	{"local6", FacilityLocal0 + 6},
	{"local7", FacilityLocal0 + 7},
}

// ACLPubSubDefault is what a new user may do with channels.
type ACLPubSubDefault int

const (
	ResetChannels ACLPubSubDefault = iota
	AllChannels
)

var pubsubDefaultWords = []word[ACLPubSubDefault]{{"allchannels", AllChannels}, {"resetchannels", ResetChannels}}

// RDBVersionCheck says what a loader does with files of unknown versions.
type RDBVersionCheck int

const (
	RDBVersionStrict RDBVersionCheck = iota
	RDBVersionRelaxed
)

var rdbVersionWords = []word[RDBVersionCheck]{{"strict", RDBVersionStrict}, {"relaxed", RDBVersionRelaxed}}

// LoadMemoryCheck says what is done about a snapshot that does not fit into memory.
type LoadMemoryCheck int

const (
	FitRefuse LoadMemoryCheck = iota
	FitWarn
	FitIgnore
)

var loadMemoryCheckWords = []word[LoadMemoryCheck]{{"refuse", FitRefuse}, {"warn", FitWarn}, {"no", FitIgnore}}

// LogFormat is the shape of a log line.
type LogFormat int

const (
	LogFormatLegacy LogFormat = iota
	LogFormatLogfmt
)

var logFormatWords = []word[LogFormat]{{"legacy", LogFormatLegacy}, {"logfmt", LogFormatLogfmt}}

// LogTimestamp is the shape of the time in a log line.
type LogTimestamp int

const (
	TimestampLegacy LogTimestamp = iota
	TimestampISO8601
	TimestampMilliseconds
)

var logTimestampWords = []word[LogTimestamp]{
	{"legacy", TimestampLegacy}, {"iso8601", TimestampISO8601}, {"milliseconds", TimestampMilliseconds},
}

// AllocatorProfile is the set of size classes that the allocator uses.
type AllocatorProfile int

const (
	ProfileJemalloc    AllocatorProfile = iota // quantum 8
	ProfileJemallocQ16                         // quantum 16
	ProfileTCMalloc
	ProfileLibc
)

func (p AllocatorProfile) String() string { return wordOf(profileWords, p) }

var profileWords = []word[AllocatorProfile]{
	{"jemalloc", ProfileJemalloc}, {"jemalloc-q16", ProfileJemallocQ16}, {"tcmalloc", ProfileTCMalloc}, {"libc", ProfileLibc},
}

// Class is a class of clients with its own output buffer limit.
type Class int

const (
	ClassNormal Class = iota
	ClassReplica
	ClassPubSub
	classCount
)

// classWords are the names a client class is known by; the first one of each class is the one that is printed.
var classWords = []word[Class]{{"normal", ClassNormal}, {"slave", ClassReplica}, {"replica", ClassReplica}, {"pubsub", ClassPubSub}}

// NotifyFlags are the classes of keyspace events, each with its letter in notify-keyspace-events.
type NotifyFlags int

// The values are Redis's, which modules and tools know.
const (
	NotifyKeyspace NotifyFlags = 1 << 0  // K: __keyspace@N__:key channels
	NotifyKeyevent NotifyFlags = 1 << 1  // E: __keyevent@N__:event channels
	NotifyGeneric  NotifyFlags = 1 << 2  // g
	NotifyString   NotifyFlags = 1 << 3  // $
	NotifyList     NotifyFlags = 1 << 4  // l
	NotifySet      NotifyFlags = 1 << 5  // s
	NotifyHash     NotifyFlags = 1 << 6  // h
	NotifyZSet     NotifyFlags = 1 << 7  // z
	NotifyExpired  NotifyFlags = 1 << 8  // x
	NotifyEvicted  NotifyFlags = 1 << 9  // e
	NotifyStream   NotifyFlags = 1 << 10 // t
	NotifyKeyMiss  NotifyFlags = 1 << 11 // m: not in A
	NotifyModule   NotifyFlags = 1 << 13 // d
	NotifyNew      NotifyFlags = 1 << 14 // n: not in A

	NotifyAll = NotifyGeneric | NotifyString | NotifyList | NotifySet | NotifyHash | NotifyZSet | NotifyExpired |
		NotifyEvicted | NotifyStream | NotifyModule
)

// notifyLetters are in the order in which the flags are printed.
var notifyLetters = []struct {
	letter byte
	flag   NotifyFlags
}{
	{'g', NotifyGeneric},
	{'$', NotifyString},
	{'l', NotifyList},
	{'s', NotifySet},
	{'h', NotifyHash},
	{'z', NotifyZSet},
	{'x', NotifyExpired},
	{'e', NotifyEvicted},
	{'t', NotifyStream},
	{'d', NotifyModule},
	{'n', NotifyNew},
	{'K', NotifyKeyspace},
	{'E', NotifyKeyevent},
	{'m', NotifyKeyMiss},
}
