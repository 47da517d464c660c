package config

var memorySection = section{
	title: "Memory", affects: "at once",
	rows: []Directive{
		{
			Name: "maxmemory", Kind: limitKind{},
			Doc: "Bytes of used_memory above which keys are evicted or writes refused; 0 is no limit. A percentage is of what the machine allows: the limit of the memory cgroup, or all RAM. auto is 80% of what that leaves after 32 MiB for the process. Both follow changes of the cgroup's limit.",
		},
		{
			Name: "maxmemory-data", Since: "Granary",
			Kind: numberKind{at: func(v v) *int64 { return &v.MaxMemoryData }, min: -100, max: maxLong, clampMin: -100, form: percentNumber},
			Doc:  "Bytes, or per cent of maxmemory, that keys and values may take; 0 is no limit. While it is set it alone decides what is evicted: buffers and scripts evict nothing, and at maxmemory writes are refused.",
		},
		{
			Name: "maxmemory-scripts", Since: "Granary",
			Kind: numberKind{at: func(v v) *int64 { return &v.MaxMemoryScripts }, min: -100, max: maxLong, clampMin: -100, form: percentNumber},
			Doc:  "Bytes, or per cent of maxmemory, that cached scripts may take before those that were not used for longest are forgotten (not those of SCRIPT LOAD); 0 is no limit.",
		},
		{
			Name: "maxmemory-policy", Kind: enum(func(v v) *MaxMemoryPolicy { return &v.MaxMemoryPolicy }, NoEviction, policyWords),
			Doc: "Which keys are evicted at the limit.",
		},
		{
			Name: "maxmemory-samples", Kind: integer(func(v v) *int64 { return &v.MaxMemorySamples }, 5, 1, maxInt),
			Doc: "Keys that are compared to find one to evict: more is nearer to true LRU and slower.",
		},
		{
			Name: "maxmemory-eviction-tenacity", Kind: integer(func(v v) *int64 { return &v.MaxMemoryEvictionTenacity }, 10, 0, 100),
			Doc: "How long one eviction may take: 0 is the least delay, 100 goes on until memory is below the limit.",
		},
		{
			Name: "maxmemory-clients", Kind: numberKind{at: func(v v) *int64 { return &v.MaxMemoryClients }, min: -100, max: maxLong, clampMin: -100, form: percentNumber},
			Doc: "Bytes, or per cent of maxmemory, that all clients may use together before the largest are closed; 0 is no limit.",
		},
		{
			Name: "replica-ignore-maxmemory", Alias: "slave-ignore-maxmemory", Kind: yesNo(func(v v) *bool { return &v.ReplicaIgnoreMaxMemory }, true),
			Doc: "Lets the master alone evict.",
		},
		{
			Name: "memory-journal-max-len", Kind: integer(func(v v) *int64 { return &v.MemoryJournalMaxLen }, 512, 0, 1<<20), Since: "Granary",
			Doc: "Evictions and expiries that MEMORY JOURNAL keeps, 96 bytes each; 0 turns the journal off.",
		},
		{
			Name: "memory-journal-expiries", Kind: yesNo(func(v v) *bool { return &v.MemoryJournalExpiries }, true), Since: "Granary",
			Doc: "Has MEMORY JOURNAL note keys that expire, not only those that are evicted.",
		},
		{
			Name: "active-expire-effort", Kind: integer(func(v v) *int64 { return &v.ActiveExpireEffort }, 1, 1, 10),
			Doc: "How much time goes into freeing expired keys.",
		},
		{
			Name: "client-query-buffer-limit", Kind: memorySize(func(v v) *int64 { return &v.ClientQueryBufferLimit }, 1<<30, 1<<20, maxLong),
			Doc: "Bytes of an unfinished request above which a client is closed.",
		},
		{
			Name: "client-output-buffer-limit", Flags: MultiArg, Kind: outputLimitKind{},
			Doc: "Bytes of waiting output above which clients of a class are closed: at once above the hard limit, after some seconds above the soft one.",
		},
		{
			Name: "proto-max-bulk-len", Kind: memorySize(func(v v) *int64 { return &v.ProtoMaxBulkLen }, 512<<20, 1<<20, maxLong),
			Doc: "Longest string that a client may send.",
		},
		{
			Name: "lfu-log-factor", Kind: integer(func(v v) *int64 { return &v.LFULogFactor }, 10, 0, maxInt),
			Doc: "How many hits it takes to move the counter of LFU: a higher factor tells busier keys apart.",
		},
		{
			Name: "lfu-decay-time", Kind: integer(func(v v) *int64 { return &v.LFUDecayTime }, 1, 0, maxInt),
			Doc: "Minutes after which the counter of LFU falls by one; 0 lets it stand.",
		},
		{
			Name: "oom-score-adj", Kind: enum(func(v v) *OOMScoreAdj { return &v.OOMScoreAdj }, OOMScoreNo, oomScoreWords),
			Doc: "Whether to tell the kernel which process to kill first when memory runs out.",
		},
		{
			Name: "oom-score-adj-values", Flags: MultiArg, Kind: oomValuesKind{},
			Doc: "The scores: as a master, as a replica, while a snapshot is taken.",
		},
		{
			Name: "disable-thp", Flags: Immutable, Kind: yesNo(func(v v) *bool { return &v.DisableTHP }, true), Affects: "start",
			Doc: "Asks the kernel not to use huge pages for the server's memory.",
		},
		{
			Name: "allocator-profile", Flags: Immutable | Hidden, Kind: enum(func(v v) *AllocatorProfile { return &v.AllocatorProfile }, ProfileJemalloc, profileWords),
			Since: "Granary", Affects: "start",
			Doc: "Size classes of the allocator: jemalloc with quantum 8 as Redis ships it, with quantum 16 as distributions build it, or those of tcmalloc or libc.",
		},
		{
			Name: "memory-prefixes", Kind: yesNo(func(v v) *bool { return &v.MemoryPrefixes }, true), Since: "Granary",
			Doc: "Keeps what the prefixes of keys have, as keys change (MEMORY PREFIXES). Turned on, it counts the keys that are there in the background.",
		},
		{
			Name: "memory-prefix-delimiter", Kind: textKind{at: func(v v) *string { return &v.MemoryPrefixDelimiter }, def: ":", check: checkPrefixDelimiter}, Since: "Granary",
			Doc: "What ends each part of a key, at most 16 bytes; with the empty string each byte is a part. A change counts all keys anew.",
		},
		{
			Name: "memory-prefix-depth", Kind: integer(func(v v) *int64 { return &v.MemoryPrefixDepth }, 3, 1, 8), Since: "Granary",
			Doc: "Parts of a key, from its beginning, that make its prefix. A change counts all keys anew.",
		},
		{
			Name: "memory-prefix-max", Kind: integer(func(v v) *int64 { return &v.MemoryPrefixMax }, 1024, 16, 16384), Since: "Granary",
			Doc: "Prefixes that are kept apart, at most, some 500 bytes each; of more, the largest. A change counts all keys anew.",
		},
		{
			Name: "memory-history", Kind: yesNo(func(v v) *bool { return &v.MemoryHistory }, true), Since: "Granary",
			Doc: "Records every second what each line of the memory ledger is, and who made it jump (MEMORY HISTORY).",
		},
		{
			Name: "memory-history-file", Flags: Immutable, Kind: text(func(v v) *string { return &v.MemoryHistoryFile }, "memory-history.dat"), Since: "Granary", Affects: "start",
			Doc: "File in dir, or a path, that the record is kept in, of at most 12.3 MiB; the empty string keeps it in memory alone.",
		},
	},
}

var lazyfreeSection = section{
	title: "Lazy freeing", affects: "at once",
	rows: []Directive{
		{
			Name: "lazyfree-lazy-eviction", Kind: yesNo(func(v v) *bool { return &v.LazyfreeLazyEviction }, false),
			Doc: "Frees evicted values in the background.",
		},
		{
			Name: "lazyfree-lazy-expire", Kind: yesNo(func(v v) *bool { return &v.LazyfreeLazyExpire }, false),
			Doc: "Frees expired values in the background.",
		},
		{
			Name: "lazyfree-lazy-server-del", Kind: yesNo(func(v v) *bool { return &v.LazyfreeLazyServerDel }, false),
			Doc: "Frees overwritten values in the background.",
		},
		{
			Name: "lazyfree-lazy-user-del", Kind: yesNo(func(v v) *bool { return &v.LazyfreeLazyUserDel }, false),
			Doc: "Makes DEL work like UNLINK.",
		},
		{
			Name: "lazyfree-lazy-user-flush", Kind: yesNo(func(v v) *bool { return &v.LazyfreeLazyUserFlush }, false),
			Doc: "Makes FLUSHALL and FLUSHDB work in the background when neither SYNC nor ASYNC is given.",
		},
		{
			Name: "replica-lazy-flush", Alias: "slave-lazy-flush", Kind: yesNo(func(v v) *bool { return &v.ReplicaLazyFlush }, false),
			Doc: "Frees the old data in the background at a full synchronisation.",
		},
	},
}

var threadsSection = section{
	title: "Threads", affects: "start",
	rows: []Directive{
		{
			Name: "io-threads", Flags: Immutable, Kind: integer(func(v v) *int64 { return &v.IOThreads }, 1, 1, 128),
			Doc: "Event loops that read, parse and write; 1 lets the server choose by the number of cores.",
		},
		{
			Name: "io-threads-do-reads", Flags: Inert, Kind: yesNo(func(v v) *bool { return &v.IOThreadsDoReads }, false),
			Doc: "Whether reading is shared among the loops; it always is.",
		},
		{
			Name: "io-threads-always-active", Flags: Immutable | Hidden | Inert, Kind: yesNo(func(v v) *bool { return &v.IOThreadsAlwaysActive }, false), Since: "Valkey 8.1",
			Doc: "Whether idle threads stay awake; loops sleep when there is nothing to do.",
		},
		{
			Name: "events-per-io-thread", Flags: Hidden | Inert, Kind: integer(func(v v) *int64 { return &v.EventsPerIOThread }, 2, 0, maxInt), Since: "Valkey 8.1",
			Doc: "Events that wake one more thread; connections belong to fixed loops here.",
		},
		{
			Name: "prefetch-batch-max-size", Kind: integer(func(v v) *int64 { return &v.PrefetchBatchMaxSize }, 16, 0, 128), Since: "Valkey 8.1", Affects: "at once",
			Doc: "How many keys are brought into the processor's caches together, and their values where many lie outside of their entries: of requests that come in a row, and of MGET, MSET, DEL, UNLINK, EXISTS and TOUCH. More than 16 is as 16; 0 and 1 turn it off. INFO stats counts them (`io_threaded_total_prefetch_entries`).",
		},
		{
			Name: "server-cpulist", Alias: "server_cpulist", Flags: Immutable | Inert, Kind: optional(func(v v) *string { return &v.ServerCPUList }),
			Doc: "Cores for the event loops; Go schedules them.",
		},
		{
			Name: "bio-cpulist", Alias: "bio_cpulist", Flags: Immutable | Inert, Kind: optional(func(v v) *string { return &v.BIOCPUList }),
			Doc: "Cores for background work; Go schedules it.",
		},
		{
			Name: "aof-rewrite-cpulist", Alias: "aof_rewrite_cpulist", Flags: Immutable | Inert, Kind: optional(func(v v) *string { return &v.AOFRewriteCPUList }),
			Doc: "Cores for rewriting the append-only file; Go schedules it.",
		},
		{
			Name: "bgsave-cpulist", Alias: "bgsave_cpulist", Flags: Immutable | Inert, Kind: optional(func(v v) *string { return &v.BgsaveCPUList }),
			Doc: "Cores for snapshots; Go schedules them.",
		},
	},
}

var aofSection = section{
	title: "Append-only file", affects: "at once",
	rows: []Directive{
		{
			Name: "appendonly", Flags: DenyLoading, Kind: yesNo(func(v v) *bool { return &v.AppendOnly }, false),
			Doc: "Logs every write to the append-only file.",
		},
		{
			Name: "appendfilename", Flags: Immutable, Kind: filename(func(v v) *string { return &v.AppendFilename }, "appendonly.aof", "appendfilename", "filename"), Affects: "start",
			Doc: "Beginning of the names of the append-only files.",
		},
		{
			Name: "appenddirname", Flags: Immutable, Kind: filename(func(v v) *string { return &v.AppendDirname }, "appendonlydir", "appenddirname", "dirname"), Affects: "start",
			Doc: "Directory inside dir that holds the append-only files.",
		},
		{
			Name: "appendfsync", Kind: enum(func(v v) *AppendFsync { return &v.AppendFsync }, FsyncEverySec, fsyncWords),
			Doc: "When the file is synced: before the reply, every second, or when the system likes.",
		},
		{
			Name: "no-appendfsync-on-rewrite", Kind: yesNo(func(v v) *bool { return &v.NoAppendFsyncOnRewrite }, false),
			Doc: "Does not sync while a snapshot or a rewrite keeps the disk busy.",
		},
		{
			Name: "auto-aof-rewrite-percentage", Kind: integer(func(v v) *int64 { return &v.AutoAOFRewritePercentage }, 100, 0, maxInt),
			Doc: "Growth since the last rewrite that starts the next, per cent; 0 never does.",
		},
		{
			Name: "auto-aof-rewrite-min-size", Kind: memorySize(func(v v) *int64 { return &v.AutoAOFRewriteMinSize }, 64<<20, 0, maxLong),
			Doc: "Size below which the file is not rewritten by itself.",
		},
		{
			Name: "aof-load-truncated", Kind: yesNo(func(v v) *bool { return &v.AOFLoadTruncated }, true), Affects: "the next load",
			Doc: "Loads a file whose end is missing, as a power cut leaves it, and goes on from there.",
		},
		{
			Name: "aof-use-rdb-preamble", Kind: yesNo(func(v v) *bool { return &v.AOFUseRDBPreamble }, true), Affects: "the next rewrite",
			Doc: "Writes the base of the append-only files as a snapshot rather than as commands.",
		},
		{
			Name: "aof-timestamp-enabled", Kind: yesNo(func(v v) *bool { return &v.AOFTimestampEnabled }, false),
			Doc: "Notes the time in the file, so that it can be cut off at a point in time.",
		},
		{
			Name: "aof-rewrite-incremental-fsync", Kind: yesNo(func(v v) *bool { return &v.AOFRewriteIncrementalFsync }, true), Affects: "the next rewrite",
			Doc: "Syncs a rewrite bit by bit while it is written.",
		},
		{
			Name: "aof-disable-auto-gc", Kind: yesNo(func(v v) *bool { return &v.AOFDisableAutoGC }, false),
			Doc: "Keeps files that a rewrite has replaced, marked as history.",
		},
	},
}

var scriptSection = section{
	title: "Scripts", affects: "at once",
	rows: []Directive{
		{
			Name: "busy-reply-threshold", Alias: "lua-time-limit", Kind: integer(func(v v) *int64 { return &v.BusyReplyThreshold }, 5000, 0, maxLong),
			Doc: "Milliseconds after which a script that still runs makes other clients read BUSY, and can be killed; 0 is never.",
		},
		{
			Name: "lua-memory-limit", Kind: memorySize(func(v v) *int64 { return &v.LuaMemoryLimit }, 256<<20, 1<<20, maxLong),
			Doc: "The most memory that a script may use while it runs; one that wants more ends with an error.",
		},
		{
			Name: "lua-enable-deprecated-api", Alias: "lua-enable-insecure-api", Flags: Immutable | Hidden, Affects: "start",
			Kind: yesNo(func(v v) *bool { return &v.LuaEnableDeprecatedAPI }, false),
			Doc:  "Gives scripts the functions that have been withdrawn as unsafe.",
		},
	},
}

var clusterSection = section{
	title: "Cluster", affects: "at once",
	rows: []Directive{
		{
			Name: "cluster-enabled", Flags: Immutable, Kind: yesNo(func(v v) *bool { return &v.ClusterEnabled }, false), Affects: "start",
			Doc: "Runs as a node of a cluster.",
		},
		{
			Name: "cluster-config-file", Flags: Immutable, Kind: text(func(v v) *string { return &v.ClusterConfigFile }, "nodes.conf"), Affects: "start",
			Doc: "File in which the node keeps the state of the cluster.",
		},
		{
			Name: "cluster-node-timeout", Kind: integer(func(v v) *int64 { return &v.ClusterNodeTimeout }, 15000, 0, maxLong),
			Doc: "Milliseconds of silence after which a node counts as failing.",
		},
		{
			Name: "cluster-port", Flags: Immutable, Kind: integer(func(v v) *int64 { return &v.ClusterPort }, 0, 0, 65535), Affects: "start",
			Doc: "Port of the cluster bus; 0 is the port plus 10000.",
		},
		{
			Name: "cluster-replica-validity-factor", Alias: "cluster-slave-validity-factor", Kind: integer(func(v v) *int64 { return &v.ClusterReplicaValidityFactor }, 10, 0, maxInt),
			Doc: "Node timeouts for which a replica may have been out of touch and still take over; 0 is any time.",
		},
		{
			Name: "cluster-migration-barrier", Kind: integer(func(v v) *int64 { return &v.ClusterMigrationBarrier }, 1, 0, maxInt),
			Doc: "Replicas that a master keeps when one of its replicas moves to a master without any.",
		},
		{
			Name: "cluster-allow-replica-migration", Kind: yesNo(func(v v) *bool { return &v.ClusterAllowReplicaMigration }, true),
			Doc: "Lets replicas move, and empty masters become replicas.",
		},
		{
			Name: "cluster-require-full-coverage", Kind: yesNo(func(v v) *bool { return &v.ClusterRequireFullCoverage }, true),
			Doc: "Stops serving when a slot has no node.",
		},
		{
			Name: "cluster-replica-no-failover", Alias: "cluster-slave-no-failover", Kind: yesNo(func(v v) *bool { return &v.ClusterReplicaNoFailover }, false),
			Doc: "Keeps this replica from taking over by itself.",
		},
		{
			Name: "cluster-allow-reads-when-down", Kind: yesNo(func(v v) *bool { return &v.ClusterAllowReadsWhenDown }, false),
			Doc: "Serves reads while the cluster is down.",
		},
		{
			Name: "cluster-allow-pubsubshard-when-down", Kind: yesNo(func(v v) *bool { return &v.ClusterAllowPubsubshardWhenDown }, true),
			Doc: "Serves shard channels while the cluster is down.",
		},
		{
			Name: "cluster-link-sendbuf-limit", Kind: memorySize(func(v v) *int64 { return &v.ClusterLinkSendbufLimit }, 0, 0, maxLong),
			Doc: "Bytes waiting for another node above which the link is closed; 0 is no limit.",
		},
		{
			Name: "cluster-announce-hostname", Kind: textKind{at: func(v v) *string { return &v.ClusterAnnounceHostname }, optional: true, check: checkHostname},
			Doc: "Host name that is told to clients.",
		},
		{
			Name: "cluster-announce-human-nodename", Kind: textKind{at: func(v v) *string { return &v.ClusterAnnounceHumanNodename }, optional: true, check: checkNodename},
			Since: "Redis 7.2", Doc: "Name of the node for people, shown in logs.",
		},
		{
			Name: "cluster-preferred-endpoint-type", Kind: enum(func(v v) *EndpointType { return &v.ClusterPreferredEndpointType }, EndpointIP, endpointWords),
			Doc: "What clients are sent to: the address, the host name, or the host they already use.",
		},
		{
			Name: "cluster-announce-ip", Kind: optional(func(v v) *string { return &v.ClusterAnnounceIP }),
			Doc: "Address that is told to other nodes.",
		},
		{
			Name: "cluster-announce-client-ipv4", Kind: optional(func(v v) *string { return &v.ClusterAnnounceClientIPv4 }), Since: "Valkey 8.1",
			Doc: "IPv4 address that is told to clients that came by IPv4.",
		},
		{
			Name: "cluster-announce-client-ipv6", Kind: optional(func(v v) *string { return &v.ClusterAnnounceClientIPv6 }), Since: "Valkey 8.1",
			Doc: "IPv6 address that is told to clients that came by IPv6.",
		},
		{
			Name: "cluster-announce-port", Kind: integer(func(v v) *int64 { return &v.ClusterAnnouncePort }, 0, 0, 65535),
			Doc: "Port that is told to other nodes; 0 is the one it listens on.",
		},
		{
			Name: "cluster-announce-tls-port", Kind: integer(func(v v) *int64 { return &v.ClusterAnnounceTLSPort }, 0, 0, 65535),
			Doc: "TLS port that is told to other nodes; 0 is the one it listens on.",
		},
		{
			Name: "cluster-announce-bus-port", Kind: integer(func(v v) *int64 { return &v.ClusterAnnounceBusPort }, 0, 0, 65535),
			Doc: "Port of the cluster bus that is told to other nodes; 0 is the one it listens on.",
		},
		{
			Name: "cluster-ping-interval", Flags: Hidden, Kind: integer(func(v v) *int64 { return &v.ClusterPingInterval }, 1000, 1, maxInt), Since: "Valkey 8.1",
			Doc: "For tests: milliseconds between pings to random nodes.",
		},
		{
			Name: "cluster-blacklist-ttl", Kind: integer(func(v v) *int64 { return &v.ClusterBlacklistTTL }, 60, 0, maxLong), Since: "Valkey 8.1",
			Doc: "Seconds for which a forgotten node is not let in again.",
		},
		{
			Name: "cluster-manual-failover-timeout", Kind: integer(func(v v) *int64 { return &v.ClusterManualFailoverTimeout }, 5000, 1, maxInt), Since: "Valkey 8.1",
			Doc: "Milliseconds that a manual failover may take.",
		},
		{
			Name: "cluster-slot-stats-enabled", Kind: yesNo(func(v v) *bool { return &v.ClusterSlotStatsEnabled }, false), Since: "Valkey 8.1",
			Doc: "Counts CPU time and traffic per slot.",
		},
		{
			Name: "cluster-compatibility-sample-ratio", Kind: integer(func(v v) *int64 { return &v.ClusterCompatibilitySampleRatio }, 0, 0, 100), Since: "Redis 8.0",
			Doc: "Per cent of commands that are checked for whether a cluster would refuse them.",
		},
	},
}

var monitorSection = section{
	title: "Monitoring", affects: "at once",
	rows: []Directive{
		{
			Name: "slowlog-log-slower-than", Alias: "commandlog-execution-slower-than", Kind: integer(func(v v) *int64 { return &v.SlowlogLogSlowerThan }, 10000, -1, maxLong),
			Doc: "Microseconds of execution from which a command enters the slow log; 0 is every command, -1 none.",
		},
		{
			Name: "slowlog-max-len", Alias: "commandlog-slow-execution-max-len", Kind: integer(func(v v) *int64 { return &v.SlowlogMaxLen }, 128, 0, maxLong),
			Doc: "Entries that the slow log keeps.",
		},
		{
			Name: "commandlog-request-larger-than", Kind: integer(func(v v) *int64 { return &v.CommandlogRequestLargerThan }, 1<<20, -1, maxLong), Since: "Valkey 8.1",
			Doc: "Bytes of a request from which it enters the log of large requests; -1 is none.",
		},
		{
			Name: "commandlog-large-request-max-len", Kind: integer(func(v v) *int64 { return &v.CommandlogLargeRequestMaxLen }, 128, 0, maxLong), Since: "Valkey 8.1",
			Doc: "Entries that the log of large requests keeps.",
		},
		{
			Name: "commandlog-reply-larger-than", Kind: integer(func(v v) *int64 { return &v.CommandlogReplyLargerThan }, 1<<20, -1, maxLong), Since: "Valkey 8.1",
			Doc: "Bytes of a reply from which it enters the log of large replies; -1 is none.",
		},
		{
			Name: "commandlog-large-reply-max-len", Kind: integer(func(v v) *int64 { return &v.CommandlogLargeReplyMaxLen }, 128, 0, maxLong), Since: "Valkey 8.1",
			Doc: "Entries that the log of large replies keeps.",
		},
		{
			Name: "latency-monitor-threshold", Kind: integer(func(v v) *int64 { return &v.LatencyMonitorThreshold }, 0, 0, maxLong),
			Doc: "Milliseconds from which an event enters the latency history; 0 keeps none.",
		},
		{
			Name: "latency-tracking", Kind: yesNo(func(v v) *bool { return &v.LatencyTracking }, true),
			Doc: "Keeps a histogram of latencies per command.",
		},
		{
			Name: "latency-tracking-info-percentiles", Flags: MultiArg, Kind: percentilesKind{},
			Doc: "Percentiles of latency that INFO shows.",
		},
		{
			Name: "notify-keyspace-events", Kind: notifyKind{},
			Doc: "Which changes of keys are published, as letters: K and E choose the channels, the others the changes, A is most of them.",
		},
		{
			Name: "tracking-table-max-keys", Kind: integer(func(v v) *int64 { return &v.TrackingTableMaxKeys }, 1000000, 0, maxLong),
			Doc: "Keys remembered for client-side caching; 0 is no limit.",
		},
	},
}

var encodingSection = section{
	title: "Encodings", affects: "values that change from now on",
	rows: []Directive{
		{
			Name: "string-embstr-max", Kind: integer(func(v v) *int64 { return &v.StringEmbstrMax }, 44, 0, 255), Since: "Granary",
			Doc: "Longest string in bytes that is kept inside its entry.",
		},
		{
			Name: "hash-max-listpack-entries", Alias: "hash-max-ziplist-entries", Kind: integer(func(v v) *int64 { return &v.HashMaxListpackEntries }, 512, 0, maxLong),
			Doc: "Most fields of a hash that is kept as a listpack.",
		},
		{
			Name: "hash-max-listpack-value", Alias: "hash-max-ziplist-value", Kind: memorySize(func(v v) *int64 { return &v.HashMaxListpackValue }, 64, 0, maxLong),
			Doc: "Longest field or value of such a hash.",
		},
		{
			Name: "list-max-listpack-size", Alias: "list-max-ziplist-size", Kind: integer(func(v v) *int64 { return &v.ListMaxListpackSize }, -2, minInt, maxInt),
			Doc: "Size of the nodes of a list: -1 to -5 are 4, 8, 16, 32 and 64 KiB, a positive number is a count of elements.",
		},
		{
			Name: "list-compress-depth", Kind: integer(func(v v) *int64 { return &v.ListCompressDepth }, 0, 0, maxInt),
			Doc: "Nodes at either end of a list that are not compressed; 0 compresses none.",
		},
		{
			Name: "set-max-intset-entries", Kind: integer(func(v v) *int64 { return &v.SetMaxIntsetEntries }, 512, 0, maxLong),
			Doc: "Most members of a set of integers that is kept as an intset.",
		},
		{
			Name: "set-max-listpack-entries", Kind: integer(func(v v) *int64 { return &v.SetMaxListpackEntries }, 128, 0, maxLong), Since: "Redis 7.2",
			Doc: "Most members of a set that is kept as a listpack.",
		},
		{
			Name: "set-max-listpack-value", Kind: memorySize(func(v v) *int64 { return &v.SetMaxListpackValue }, 64, 0, maxLong), Since: "Redis 7.2",
			Doc: "Longest member of such a set.",
		},
		{
			Name: "zset-max-listpack-entries", Alias: "zset-max-ziplist-entries", Kind: integer(func(v v) *int64 { return &v.ZSetMaxListpackEntries }, 128, 0, maxLong),
			Doc: "Most members of a sorted set that is kept as a listpack.",
		},
		{
			Name: "zset-max-listpack-value", Alias: "zset-max-ziplist-value", Kind: memorySize(func(v v) *int64 { return &v.ZSetMaxListpackValue }, 64, 0, maxLong),
			Doc: "Longest member of such a sorted set.",
		},
		{
			Name: "hll-sparse-max-bytes", Kind: memorySize(func(v v) *int64 { return &v.HLLSparseMaxBytes }, 3000, 0, maxLong),
			Doc: "Size above which a HyperLogLog becomes dense.",
		},
		{
			Name: "stream-node-max-bytes", Kind: memorySize(func(v v) *int64 { return &v.StreamNodeMaxBytes }, 4096, 0, maxLong),
			Doc: "Bytes in a node of a stream; 0 is no limit.",
		},
		{
			Name: "stream-node-max-entries", Kind: integer(func(v v) *int64 { return &v.StreamNodeMaxEntries }, 100, 0, maxLong),
			Doc: "Entries in a node of a stream; 0 is no limit.",
		},
	},
}

var advancedSection = section{
	title: "Advanced", affects: "at once",
	rows: []Directive{
		{
			Name: "hz", Kind: clamped(func(v v) *int64 { return &v.Hz }, 10, 0, maxInt, 1, 500),
			Doc: "How often per second background work looks for something to do.",
		},
		{
			Name: "dynamic-hz", Kind: yesNo(func(v v) *bool { return &v.DynamicHz }, true),
			Doc: "Looks more often when many clients are connected.",
		},
		{
			Name: "activerehashing", Flags: Inert, Kind: yesNo(func(v v) *bool { return &v.ActiveRehashing }, true),
			Doc: "Rehashes tables in idle time; tables here never need it.",
		},
		{
			Name: "jemalloc-bg-thread", Flags: Inert, Kind: yesNo(func(v v) *bool { return &v.JemallocBGThread }, true),
			Doc: "Lets the allocator give back memory in a thread; ours does so by itself.",
		},
		{
			Name: "ignore-warnings", Kind: text(func(v v) *string { return &v.IgnoreWarnings }, ""), Affects: "start",
			Doc: "Names of start-up checks whose failure is not fatal.",
		},
		{
			Name: "extended-redis-compatibility", Kind: yesNo(func(v v) *bool { return &v.ExtendedRedisCompatibility }, false), Since: "Valkey 8.1", Flags: Inert,
			Doc: "Calls itself Redis where Valkey would say Valkey.",
		},
	},
}

var defragSection = section{
	title: "Defragmentation", affects: "at once",
	rows: []Directive{
		{
			Name: "activedefrag", Kind: yesNo(func(v v) *bool { return &v.ActiveDefrag }, true),
			Doc: "Moves values together while the server runs, so that memory can be given back. Redis's default is no.",
		},
		{
			Name: "active-defrag-ignore-bytes", Kind: memorySize(func(v v) *int64 { return &v.ActiveDefragIgnoreBytes }, 100<<20, 1, maxLong),
			Doc: "Bytes to gain below which nothing is moved.",
		},
		{
			Name: "active-defrag-threshold-lower", Kind: integer(func(v v) *int64 { return &v.ActiveDefragThresholdLower }, 10, 0, 1000),
			Doc: "Bytes to gain, in per cent of what keys and values take, at which moving starts.",
		},
		{
			Name: "active-defrag-threshold-upper", Kind: integer(func(v v) *int64 { return &v.ActiveDefragThresholdUpper }, 100, 0, 1000),
			Doc: "The same, at which the most effort is made.",
		},
		{
			Name: "active-defrag-cycle-min", Kind: integer(func(v v) *int64 { return &v.ActiveDefragCycleMin }, 1, 1, 99),
			Doc: "Least per cent of CPU time that moving takes.",
		},
		{
			Name: "active-defrag-cycle-max", Kind: integer(func(v v) *int64 { return &v.ActiveDefragCycleMax }, 25, 1, 99),
			Doc: "Most per cent of CPU time that moving takes.",
		},
		{
			Name: "active-defrag-cycle-us", Kind: integer(func(v v) *int64 { return &v.ActiveDefragCycleUs }, 500, 0, 100000), Since: "Valkey 8.1",
			Doc: "Longest time in microseconds that moving holds up commands; the smallest step at 0.",
		},
		{
			Name: "active-defrag-max-scan-fields", Kind: integer(func(v v) *int64 { return &v.ActiveDefragMaxScanFields }, 1000, 1, maxLong),
			Doc: "Read and not needed: every value of more than 16 elements is moved in several steps.",
		},
	},
}

var debugSection = section{
	title: "Debugging", affects: "at once",
	rows: []Directive{
		{
			Name: "use-exit-on-panic", Flags: Hidden, Kind: yesNo(func(v v) *bool { return &v.UseExitOnPanic }, false),
			Doc: "For tests: exits in place of aborting after a broken invariant.",
		},
		{
			Name: "watchdog-period", Flags: Hidden, Kind: integer(func(v v) *int64 { return &v.WatchdogPeriod }, 0, 0, maxInt),
			Doc: "Milliseconds after which a command that still runs is logged with its stack; 0 is off.",
		},
		{
			Name: "enable-debug-assert", Flags: Immutable | Hidden, Kind: yesNo(func(v v) *bool { return &v.EnableDebugAssert }, false), Since: "Redis 7.4", Affects: "start",
			Doc: "For tests: checks invariants that are too slow for every day.",
		},
		{
			Name: "debug-context", Flags: Hidden | Immutable, Kind: text(func(v v) *string { return &v.DebugContext }, ""), Since: "Valkey 8.1", Affects: "start",
			Doc: "For tests: text that is carried into crash reports.",
		},
		{
			Name: "lazyexpire-nested-arbitrary-keys", Flags: Hidden, Kind: yesNo(func(v v) *bool { return &v.LazyExpireNestedArbitraryKeys }, true), Since: "Redis 7.2",
			Doc: "For tests: deletes expired keys that a transaction or a script meets without having named them.",
		},
	},
}
