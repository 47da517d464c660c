package config

// Values are the settings. Sizes are bytes, counts are counts, times have the unit of the directive. Which
// directive sets a field is in the table; the names are the directives' own.
type Values struct {
	// Network.
	Bind                         []string // "-addr" may fail to bind, "*" is every address
	Port                         int64
	ProtectedMode                bool
	TCPBacklog                   int64
	TCPKeepAlive                 int64 // seconds
	Timeout                      int64 // seconds
	UnixSocket                   string
	UnixSocketPerm               int64
	UnixSocketGroup              string
	BindSourceAddr               string
	SocketMarkID                 int64
	MaxClients                   int64
	MaxNewConnectionsPerCycle    int64
	MaxNewTLSConnectionsPerCycle int64
	MPTCP                        bool
	RDMABind                     []string
	RDMAPort                     int64
	RDMARxSize                   int64
	RDMACompletionVector         int64

	// TLS.
	TLSPort                int64
	TLSCertFile            string
	TLSKeyFile             string
	TLSKeyFilePass         string
	TLSClientCertFile      string
	TLSClientKeyFile       string
	TLSClientKeyFilePass   string
	TLSDHParamsFile        string
	TLSCACertFile          string
	TLSCACertDir           string
	TLSAuthClients         TLSAuthClients
	TLSReplication         bool
	TLSCluster             bool
	TLSProtocols           string
	TLSCiphers             string
	TLSCipherSuites        string
	TLSPreferServerCiphers bool
	TLSSessionCaching      bool
	TLSSessionCacheSize    int64
	TLSSessionCacheTimeout int64

	// General.
	Daemonize         bool
	Supervised        Supervised
	PIDFile           string
	Databases         int64
	AlwaysShowLogo    bool
	SetProcTitle      bool
	ProcTitleTemplate string
	LocaleCollate     string
	Dir               string // the working directory
	ShutdownTimeout   int64  // seconds
	ShutdownOnSigInt  Shutdown
	ShutdownOnSigTerm Shutdown
	AvailabilityZone  string

	// Log.
	LogLevel             LogLevel
	LogFile              string
	LogFormat            LogFormat
	LogTimestampFormat   LogTimestamp
	SyslogEnabled        bool
	SyslogIdent          string
	SyslogFacility       SyslogFacility
	HideUserDataFromLog  bool
	CrashLogEnabled      bool
	CrashMemcheckEnabled bool

	// Snapshots.
	Save                              []SavePoint
	StopWritesOnBgsaveError           bool
	RDBCompression                    bool
	RDBChecksum                       bool
	RDBVersionCheck                   RDBVersionCheck
	LoadMemoryCheck                   LoadMemoryCheck
	SanitizeDumpPayload               SanitizeDump
	DBFilename                        string
	RDBDelSyncFiles                   bool
	RDBSaveIncrementalFsync           bool
	RDBKeySaveDelay                   int64 // microseconds; negative: keys per microsecond
	KeyLoadDelay                      int64 // microseconds; negative: keys per microsecond
	LoadingProcessEventsIntervalBytes int64

	// Replication.
	MasterHost                      string // "" on a master
	MasterPort                      int64
	MasterAuth                      string
	MasterUser                      string
	ReplicaServeStaleData           bool
	ReplicaReadOnly                 bool
	ReplicaIgnoreDiskWriteErrors    bool
	ReplDisklessSync                bool
	ReplDisklessSyncDelay           int64 // seconds
	ReplDisklessSyncMaxReplicas     int64
	ReplDisklessSyncPeriod          int64 // seconds, hidden
	ReplDisklessLoad                DisklessLoad
	ReplPingReplicaPeriod           int64 // seconds
	ReplTimeout                     int64 // seconds
	ReplDisableTCPNoDelay           bool
	ReplBacklogSize                 int64
	ReplBacklogTTL                  int64 // seconds
	ReplicaPriority                 int64
	ReplicaAnnounced                bool
	ReplicaAnnounceIP               string
	ReplicaAnnouncePort             int64
	MinReplicasToWrite              int64
	MinReplicasMaxLag               int64 // seconds
	PropagationErrorBehavior        PropagationError
	DualChannelReplicationEnabled   bool
	ReplicaFullSyncBufferLimit      int64
	ReplMPTCP                       bool
	ImportMode                      bool
	ExtendedRedisCompatibility      bool
	ClusterCompatibilitySampleRatio int64 // per cent

	// Security.
	RequirePass            string
	ACLFile                string
	ACLLogMaxLen           int64
	ACLPubSubDefault       ACLPubSubDefault
	EnableProtectedConfigs Access
	EnableDebugCommand     Access
	EnableModuleCommand    Access
	Users                  []UserLine
	RenameCommands         []Rename

	// Memory.
	MaxMemory                 int64 // bytes, 0: no limit; what follows from MaxMemoryAsked
	MaxMemoryAsked            int64 // the directive: bytes, AutoMemory or a percentage; see SettleMaxMemory
	MaxMemoryData             int64 // bytes; negative: per cent of maxmemory; see MaxMemoryDataBytes
	MaxMemoryScripts          int64 // likewise
	MaxMemoryPolicy           MaxMemoryPolicy
	MaxMemorySamples          int64
	MaxMemoryEvictionTenacity int64
	MaxMemoryClients          int64 // bytes; negative: per cent of maxmemory; see MaxMemoryClientsBytes
	ReplicaIgnoreMaxMemory    bool
	MemoryJournalMaxLen       int64
	MemoryJournalExpiries     bool
	ActiveExpireEffort        int64
	ClientQueryBufferLimit    int64
	ClientOutputBufferLimit   [classCount]OutputLimit
	ProtoMaxBulkLen           int64
	LFULogFactor              int64
	LFUDecayTime              int64 // minutes
	MemoryPrefixes            bool
	MemoryPrefixDelimiter     string
	MemoryPrefixDepth         int64
	MemoryPrefixMax           int64
	MemoryHistory             bool
	MemoryHistoryFile         string
	OOMScoreAdj               OOMScoreAdj
	OOMScoreAdjValues         [3]int64 // master, replica, background work
	DisableTHP                bool
	AllocatorProfile          AllocatorProfile

	// Lazy freeing.
	LazyfreeLazyEviction          bool
	LazyfreeLazyExpire            bool
	LazyfreeLazyServerDel         bool
	LazyfreeLazyUserDel           bool
	LazyfreeLazyUserFlush         bool
	ReplicaLazyFlush              bool
	LazyExpireNestedArbitraryKeys bool

	// Threads.
	IOThreads             int64
	IOThreadsDoReads      bool
	IOThreadsAlwaysActive bool
	EventsPerIOThread     int64
	PrefetchBatchMaxSize  int64
	ServerCPUList         string
	BIOCPUList            string
	AOFRewriteCPUList     string
	BgsaveCPUList         string

	// Append-only file.
	AppendOnly                 bool
	AppendFilename             string
	AppendDirname              string
	AppendFsync                AppendFsync
	NoAppendFsyncOnRewrite     bool
	AutoAOFRewritePercentage   int64
	AutoAOFRewriteMinSize      int64
	AOFLoadTruncated           bool
	AOFUseRDBPreamble          bool
	AOFTimestampEnabled        bool
	AOFRewriteIncrementalFsync bool
	AOFDisableAutoGC           bool

	// Scripts.
	BusyReplyThreshold     int64 // milliseconds
	LuaMemoryLimit         int64 // bytes
	LuaEnableDeprecatedAPI bool

	// Cluster.
	ClusterEnabled                  bool
	ClusterConfigFile               string
	ClusterNodeTimeout              int64 // milliseconds
	ClusterPort                     int64
	ClusterReplicaValidityFactor    int64
	ClusterMigrationBarrier         int64
	ClusterAllowReplicaMigration    bool
	ClusterRequireFullCoverage      bool
	ClusterReplicaNoFailover        bool
	ClusterAllowReadsWhenDown       bool
	ClusterAllowPubsubshardWhenDown bool
	ClusterLinkSendbufLimit         int64
	ClusterAnnounceHostname         string
	ClusterAnnounceHumanNodename    string
	ClusterPreferredEndpointType    EndpointType
	ClusterAnnounceIP               string
	ClusterAnnounceClientIPv4       string
	ClusterAnnounceClientIPv6       string
	ClusterAnnouncePort             int64
	ClusterAnnounceTLSPort          int64
	ClusterAnnounceBusPort          int64
	ClusterPingInterval             int64 // milliseconds
	ClusterBlacklistTTL             int64 // seconds
	ClusterManualFailoverTimeout    int64 // milliseconds
	ClusterSlotStatsEnabled         bool

	// Monitoring.
	SlowlogLogSlowerThan           int64 // microseconds; negative: off
	SlowlogMaxLen                  int64
	CommandlogRequestLargerThan    int64
	CommandlogLargeRequestMaxLen   int64
	CommandlogReplyLargerThan      int64
	CommandlogLargeReplyMaxLen     int64
	LatencyMonitorThreshold        int64 // milliseconds; 0: off
	LatencyTracking                bool
	LatencyTrackingInfoPercentiles []float64
	NotifyKeyspaceEvents           NotifyFlags
	TrackingTableMaxKeys           int64

	// Encodings.
	StringEmbstrMax        int64
	HashMaxListpackEntries int64
	HashMaxListpackValue   int64
	ListMaxListpackSize    int64 // -1..-5: 4 KiB..64 KiB a node; positive: entries a node
	ListCompressDepth      int64
	SetMaxIntsetEntries    int64
	SetMaxListpackEntries  int64
	SetMaxListpackValue    int64
	ZSetMaxListpackEntries int64
	ZSetMaxListpackValue   int64
	HLLSparseMaxBytes      int64
	StreamNodeMaxBytes     int64
	StreamNodeMaxEntries   int64

	// Advanced.
	Hz                int64
	DynamicHz         bool
	ActiveRehashing   bool
	JemallocBGThread  bool
	IgnoreWarnings    string
	UseExitOnPanic    bool
	WatchdogPeriod    int64
	EnableDebugAssert bool
	DebugContext      string

	// Defragmentation.
	MemoryReclaimDead         bool
	MemoryReclaimDeadKinds    DeadKinds
	MemoryReclaimDeadInterval int64 // seconds
	MemoryReclaimDeadIdle     int64 // seconds
	MemoryReclaimDeadPercent  int64 // per cent

	ActiveDefrag               bool
	ActiveDefragIgnoreBytes    int64
	ActiveDefragThresholdLower int64 // per cent
	ActiveDefragThresholdUpper int64 // per cent
	ActiveDefragCycleMin       int64 // per cent
	ActiveDefragCycleMax       int64 // per cent
	ActiveDefragCycleUs        int64 // microseconds
	ActiveDefragMaxScanFields  int64
}

// A SavePoint asks for a snapshot when that many changes are that many seconds old.
type SavePoint struct {
	Seconds int64
	Changes int64
}

// An OutputLimit closes clients whose output waits: at once above Hard bytes, after SoftSeconds above Soft bytes.
// 0 is no limit.
type OutputLimit struct {
	Hard        int64
	Soft        int64
	SoftSeconds int64
}

// A UserLine is the line of an ACL user: the name and the rules.
type UserLine struct {
	Name  string
	Rules []string
}

// A Rename gives a command another name; New is "" to take the command away.
type Rename struct {
	Old, New string
}
