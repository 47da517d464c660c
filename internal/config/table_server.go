package config

// v is short for the values in the accessors of the table: each row says where its value lives.
type v = *Values

var networkSection = section{
	title: "Network", affects: "listeners, at once",
	rows: []Directive{
		{
			Name: "bind", Flags: MultiArg, Kind: addressesKind{func(v v) *[]string { return &v.Bind }, []string{"*", "-::*"}},
			Doc: "Addresses to listen on. * and ::* are all addresses; one with a - in front may be missing on this machine.",
		},
		{
			Name: "port", Kind: integer(func(v v) *int64 { return &v.Port }, 6379, 0, 65535),
			Doc: "TCP port to listen on; 0 opens none.",
		},
		{
			Name: "protected-mode", Kind: yesNo(func(v v) *bool { return &v.ProtectedMode }, true), Affects: "new connections",
			Doc: "Turns away clients from other machines as long as the default user has no password.",
		},
		{
			Name: "tcp-backlog", Flags: Immutable, Kind: integer(func(v v) *int64 { return &v.TCPBacklog }, 511, 0, maxInt),
			Doc: "Connections that the kernel may queue before they are accepted.",
		},
		{
			Name: "tcp-keepalive", Kind: integer(func(v v) *int64 { return &v.TCPKeepAlive }, 300, 0, maxInt), Affects: "new connections",
			Doc: "Seconds of silence after which the kernel probes whether the peer is alive; 0 probes never.",
		},
		{
			Name: "timeout", Kind: integer(func(v v) *int64 { return &v.Timeout }, 0, 0, maxInt), Affects: "all clients, at once",
			Doc: "Seconds after which an idle client is closed; 0 keeps it. Replicas, blocked and subscribed clients are exempt.",
		},
		{
			Name: "unixsocket", Flags: Immutable, Kind: optional(func(v v) *string { return &v.UnixSocket }),
			Doc: "Path of a Unix socket to listen on.",
		},
		{
			Name: "unixsocketperm", Flags: Immutable, Kind: numberKind{at: func(v v) *int64 { return &v.UnixSocketPerm }, max: 0o777, form: octalNumber},
			Doc: "File mode of the Unix socket; 0 leaves it to the umask.",
		},
		{
			Name: "unixsocketgroup", Flags: Immutable, Kind: optional(func(v v) *string { return &v.UnixSocketGroup }), Since: "Valkey 8.1",
			Doc: "Group that owns the Unix socket.",
		},
		{
			Name: "bind-source-addr", Kind: optional(func(v v) *string { return &v.BindSourceAddr }), Affects: "new outgoing connections",
			Doc: "Address that connections to a master or to cluster nodes come from.",
		},
		{
			Name: "socket-mark-id", Flags: Immutable, Kind: integer(func(v v) *int64 { return &v.SocketMarkID }, 0, 0, maxUint),
			Doc: "Mark for the kernel's routing on the listening sockets; 0 sets none.",
		},
		{
			Name: "maxclients", Kind: integer(func(v v) *int64 { return &v.MaxClients }, 10000, 1, maxUint), Affects: "new connections",
			Doc: "Clients that may be connected at the same time.",
		},
		{
			Name: "max-new-connections-per-cycle", Kind: integer(func(v v) *int64 { return &v.MaxNewConnectionsPerCycle }, 10, 1, 1000), Since: "Redis 7.4",
			Affects: "new connections", Doc: "Connections accepted in one turn of an event loop.",
		},
		{
			Name: "max-new-tls-connections-per-cycle", Flags: Inert, Kind: integer(func(v v) *int64 { return &v.MaxNewTLSConnectionsPerCycle }, 1, 1, 1000), Since: "Redis 7.4",
			Affects: "new connections", Doc: "TLS connections accepted in one turn of an event loop.",
		},
		{
			Name: "mptcp", Flags: Immutable | Hidden, Kind: yesNo(func(v v) *bool { return &v.MPTCP }, false), Since: "Valkey 9",
			Doc: "Listens with Multipath TCP where the kernel has it.",
		},
		{
			Name: "rdma-bind", Flags: Immutable | MultiArg | Hidden | Inert, Kind: addressesKind{func(v v) *[]string { return &v.RDMABind }, nil}, Since: "Valkey 8.1",
			Doc: "Addresses for RDMA, which is not offered here.",
		},
		{
			Name: "rdma-port", Flags: Hidden | Inert, Kind: integer(func(v v) *int64 { return &v.RDMAPort }, 0, 0, 65535), Since: "Valkey 8.1",
			Doc: "Port for RDMA, which is not offered here.",
		},
		{
			Name: "rdma-rx-size", Flags: Immutable | Hidden | Inert, Kind: integer(func(v v) *int64 { return &v.RDMARxSize }, 1<<20, 64<<10, 16<<20), Since: "Valkey 8.1",
			Doc: "Receive buffer for RDMA, which is not offered here.",
		},
		{
			Name: "rdma-completion-vector", Flags: Immutable | Hidden | Inert, Kind: integer(func(v v) *int64 { return &v.RDMACompletionVector }, -1, -1, 1024), Since: "Valkey 8.1",
			Doc: "Interrupt for RDMA, which is not offered here.",
		},
	},
}

var tlsSection = section{
	title: "TLS", affects: "new TLS connections",
	rows: []Directive{
		{
			Name: "tls-port", Kind: integer(func(v v) *int64 { return &v.TLSPort }, 0, 0, 65535), Affects: "listeners, at once",
			Doc: "Port for TLS connections; 0 opens none.",
		},
		{
			Name: "tls-cert-file", Flags: Volatile, Kind: optional(func(v v) *string { return &v.TLSCertFile }),
			Doc: "Certificate of the server, PEM.",
		},
		{
			Name: "tls-key-file", Flags: Volatile, Kind: optional(func(v v) *string { return &v.TLSKeyFile }),
			Doc: "Private key of the server, PEM.",
		},
		{
			Name: "tls-key-file-pass", Flags: Sensitive, Kind: optional(func(v v) *string { return &v.TLSKeyFilePass }),
			Doc: "Password of the private key.",
		},
		{
			Name: "tls-client-cert-file", Flags: Volatile, Kind: optional(func(v v) *string { return &v.TLSClientCertFile }),
			Doc: "Certificate for outgoing connections, if it is not that of the server.",
		},
		{
			Name: "tls-client-key-file", Flags: Volatile, Kind: optional(func(v v) *string { return &v.TLSClientKeyFile }),
			Doc: "Private key for outgoing connections, if it is not that of the server.",
		},
		{
			Name: "tls-client-key-file-pass", Flags: Sensitive, Kind: optional(func(v v) *string { return &v.TLSClientKeyFilePass }),
			Doc: "Password of the private key for outgoing connections.",
		},
		{
			Name: "tls-dh-params-file", Flags: Volatile | Inert, Kind: optional(func(v v) *string { return &v.TLSDHParamsFile }),
			Doc: "Diffie-Hellman parameters for old ciphers, which Go's TLS does not offer.",
		},
		{
			Name: "tls-ca-cert-file", Flags: Volatile, Kind: optional(func(v v) *string { return &v.TLSCACertFile }),
			Doc: "Authorities that peers' certificates are checked against, PEM.",
		},
		{
			Name: "tls-ca-cert-dir", Flags: Volatile, Kind: optional(func(v v) *string { return &v.TLSCACertDir }),
			Doc: "Directory of such authorities.",
		},
		{
			Name: "tls-auth-clients", Kind: enum(func(v v) *TLSAuthClients { return &v.TLSAuthClients }, TLSAuthYes, tlsAuthWords),
			Doc: "Whether clients must show a certificate, need not, or may.",
		},
		{
			Name: "tls-replication", Kind: yesNo(func(v v) *bool { return &v.TLSReplication }, false), Affects: "the next connection to a master",
			Doc: "Speaks TLS to the master.",
		},
		{
			Name: "tls-cluster", Kind: yesNo(func(v v) *bool { return &v.TLSCluster }, false), Affects: "the cluster bus",
			Doc: "Speaks TLS on the cluster bus.",
		},
		{
			Name: "tls-protocols", Kind: optional(func(v v) *string { return &v.TLSProtocols }),
			Doc: "TLS versions that are spoken, such as \"TLSv1.2 TLSv1.3\"; empty is both.",
		},
		{
			Name: "tls-ciphers", Kind: optional(func(v v) *string { return &v.TLSCiphers }),
			Doc: "Ciphers for TLS up to 1.2, as OpenSSL writes them; their order has no effect.",
		},
		{
			Name: "tls-ciphersuites", Kind: optional(func(v v) *string { return &v.TLSCipherSuites }),
			Doc: "Cipher suites for TLS 1.3: checked; Go's TLS always offers its own three.",
		},
		{
			Name: "tls-prefer-server-ciphers", Flags: Inert, Kind: yesNo(func(v v) *bool { return &v.TLSPreferServerCiphers }, false),
			Doc: "Lets the server's order of ciphers decide rather than the client's; Go's TLS decides by itself.",
		},
		{
			Name: "tls-session-caching", Kind: yesNo(func(v v) *bool { return &v.TLSSessionCaching }, true),
			Doc: "Lets clients resume TLS sessions.",
		},
		{
			Name: "tls-session-cache-size", Flags: Inert, Kind: integer(func(v v) *int64 { return &v.TLSSessionCacheSize }, 20*1024, 0, maxInt),
			Doc: "Sessions that are kept for resuming; with Go's TLS clients keep them.",
		},
		{
			Name: "tls-session-cache-timeout", Kind: integer(func(v v) *int64 { return &v.TLSSessionCacheTimeout }, 300, 0, maxInt),
			Doc: "Seconds that a session can be resumed; 0 is a week.",
		},
	},
}

var generalSection = section{
	title: "General", affects: "start",
	rows: []Directive{
		{
			Name: "daemonize", Flags: Immutable, Kind: yesNo(func(v v) *bool { return &v.Daemonize }, false),
			Doc: "Leaves the terminal and runs in the background.",
		},
		{
			Name: "supervised", Flags: Immutable, Kind: enum(func(v v) *Supervised { return &v.Supervised }, SupervisedNo, supervisedWords),
			Doc: "Which init system to tell that the server is ready.",
		},
		{
			Name: "pidfile", Flags: Immutable, Kind: optional(func(v v) *string { return &v.PIDFile }),
			Doc: "File for the process id. A daemon without one uses /var/run/redis.pid.",
		},
		{
			Name: "databases", Flags: Immutable, Kind: integer(func(v v) *int64 { return &v.Databases }, 16, 1, maxInt),
			Doc: "Databases that SELECT chooses from.",
		},
		{
			Name: "always-show-logo", Flags: Immutable, Kind: yesNo(func(v v) *bool { return &v.AlwaysShowLogo }, false),
			Doc: "Prints the logo at start even into a log file.",
		},
		{
			Name: "set-proc-title", Flags: Immutable, Kind: yesNo(func(v v) *bool { return &v.SetProcTitle }, true),
			Doc: "Shows the address in the process list.",
		},
		{
			Name: "proc-title-template", Affects: "at once", Kind: textKind{
				at:  func(v v) *string { return &v.ProcTitleTemplate },
				def: "{title} {listen-addr} {server-mode}", check: checkTitle,
			},
			Doc: "What the process list shows; {title}, {listen-addr}, {server-mode}, {port}, {tls-port}, {unixsocket} and {config-file} are filled in.",
		},
		{
			Name: "locale-collate", Kind: text(func(v v) *string { return &v.LocaleCollate }, ""), Since: "Redis 7.2", Flags: Inert, Affects: "SORT ALPHA",
			Doc: "Order of letters for comparing text; it is always that of the bytes.",
		},
		{
			Name: "dir", Flags: Protected | DenyLoading, Kind: dirKind{}, Affects: "files that are opened from now on",
			Doc: "Working directory: snapshots, append-only files and relative paths live here.",
		},
		{
			Name: "shutdown-timeout", Kind: integer(func(v v) *int64 { return &v.ShutdownTimeout }, 10, 0, maxInt), Affects: "the next shutdown",
			Doc: "Seconds that a shutdown waits for replicas that lag.",
		},
		{
			Name: "shutdown-on-sigint", Flags: MultiArg, Affects: "the next SIGINT",
			Kind: enumKind[Shutdown]{at: func(v v) *Shutdown { return &v.ShutdownOnSigInt }, words: shutdownWords, flags: true, check: checkShutdown},
			Doc:  "How SIGINT shuts down; default saves if there are save points.",
		},
		{
			Name: "shutdown-on-sigterm", Flags: MultiArg, Affects: "the next SIGTERM",
			Kind: enumKind[Shutdown]{at: func(v v) *Shutdown { return &v.ShutdownOnSigTerm }, words: shutdownWords, flags: true, check: checkShutdown},
			Doc:  "How SIGTERM shuts down; default saves if there are save points.",
		},
		{
			Name: "availability-zone", Kind: text(func(v v) *string { return &v.AvailabilityZone }, ""), Since: "Valkey 8.1", Affects: "at once",
			Doc: "Name of the place the server stands in, shown by HELLO and INFO.",
		},
	},
}

var logSection = section{
	title: "Log", affects: "at once",
	rows: []Directive{
		{
			Name: "loglevel", Kind: enum(func(v v) *LogLevel { return &v.LogLevel }, LogNotice, logLevelWords),
			Doc: "The least important messages that are logged.",
		},
		{
			Name: "logfile", Flags: Immutable, Kind: text(func(v v) *string { return &v.LogFile }, ""), Affects: "start",
			Doc: "File for the log; empty is standard output.",
		},
		{
			Name: "log-format", Kind: enum(func(v v) *LogFormat { return &v.LogFormat }, LogFormatLegacy, logFormatWords), Since: "Valkey 8.1",
			Doc: "Shape of a log line: Redis's, or key=value pairs.",
		},
		{
			Name: "log-timestamp-format", Kind: enum(func(v v) *LogTimestamp { return &v.LogTimestampFormat }, TimestampLegacy, logTimestampWords), Since: "Valkey 8.1",
			Doc: "Shape of the time in a log line.",
		},
		{
			Name: "syslog-enabled", Flags: Immutable, Kind: yesNo(func(v v) *bool { return &v.SyslogEnabled }, false), Affects: "start",
			Doc: "Logs to the system log too.",
		},
		{
			Name: "syslog-ident", Flags: Immutable, Kind: text(func(v v) *string { return &v.SyslogIdent }, "redis"), Affects: "start",
			Doc: "Name in the system log.",
		},
		{
			Name: "syslog-facility", Flags: Immutable, Kind: enum(func(v v) *SyslogFacility { return &v.SyslogFacility }, FacilityLocal0, facilityWords), Affects: "start",
			Doc: "Facility in the system log.",
		},
		{
			Name: "hide-user-data-from-log", Kind: yesNo(func(v v) *bool { return &v.HideUserDataFromLog }, false), Since: "Redis 7.4",
			Doc: "Keeps keys, values and arguments out of the log.",
		},
		{
			Name: "crash-log-enabled", Kind: yesNo(func(v v) *bool { return &v.CrashLogEnabled }, true),
			Doc: "Logs a report when the server crashes.",
		},
		{
			Name: "crash-memcheck-enabled", Flags: Inert, Kind: yesNo(func(v v) *bool { return &v.CrashMemcheckEnabled }, true),
			Doc: "Tests the memory after a crash, which a Go program cannot do safely.",
		},
	},
}

var snapshotSection = section{
	title: "Snapshots", affects: "the next snapshot",
	rows: []Directive{
		{
			Name: "save", Flags: MultiArg, Kind: saveKind{}, Affects: "at once",
			Doc: "When to take a snapshot: so many seconds after so many changes. Several pairs add up; \"\" takes none.",
		},
		{
			Name: "stop-writes-on-bgsave-error", Kind: yesNo(func(v v) *bool { return &v.StopWritesOnBgsaveError }, true), Affects: "at once",
			Doc: "Refuses writes while the last snapshot has failed.",
		},
		{
			Name: "rdbcompression", Kind: yesNo(func(v v) *bool { return &v.RDBCompression }, true),
			Doc: "Compresses strings in snapshots.",
		},
		{
			Name: "rdbchecksum", Flags: Immutable, Kind: yesNo(func(v v) *bool { return &v.RDBChecksum }, true), Affects: "start",
			Doc: "Writes and checks a checksum at the end of snapshots.",
		},
		{
			Name: "rdb-version-check", Kind: enum(func(v v) *RDBVersionCheck { return &v.RDBVersionCheck }, RDBVersionStrict, rdbVersionWords), Since: "Valkey 8.1",
			Affects: "the next load", Doc: "Whether to try snapshots of versions that are not known.",
		},
		{
			Name: "load-memory-check", Kind: enum(func(v v) *LoadMemoryCheck { return &v.LoadMemoryCheck }, FitRefuse, loadMemoryCheckWords), Since: "Granary",
			Affects: "the next start", Doc: "What a start does about a snapshot that cannot fit into memory: refuse it, naming the bytes, before all of it is read; warn; nothing.",
		},
		{
			Name: "sanitize-dump-payload", Kind: enum(func(v v) *SanitizeDump { return &v.SanitizeDumpPayload }, SanitizeNo, sanitizeWords),
			Affects: "the next RESTORE or load", Doc: "For whom payloads are checked to the last byte. Structure is checked for all, always.",
		},
		{
			Name: "dbfilename", Flags: Protected, Kind: filename(func(v v) *string { return &v.DBFilename }, "dump.rdb", "dbfilename", "filename"),
			Doc: "File name of the snapshot.",
		},
		{
			Name: "rdb-del-sync-files", Kind: yesNo(func(v v) *bool { return &v.RDBDelSyncFiles }, false), Affects: "the next full synchronisation",
			Doc: "Deletes snapshots made for replication on servers without persistence.",
		},
		{
			Name: "rdb-save-incremental-fsync", Kind: yesNo(func(v v) *bool { return &v.RDBSaveIncrementalFsync }, true),
			Doc: "Syncs a snapshot bit by bit while it is written, so that the disk does not stall at the end.",
		},
		{
			Name: "rdb-key-save-delay", Flags: Hidden, Kind: integer(func(v v) *int64 { return &v.RDBKeySaveDelay }, 0, minInt, maxInt),
			Doc: "For tests: microseconds to wait after each key that is saved; a negative number of keys share one.",
		},
		{
			Name: "key-load-delay", Flags: Hidden, Kind: integer(func(v v) *int64 { return &v.KeyLoadDelay }, 0, minInt, maxInt), Affects: "the next load",
			Doc: "For tests: microseconds to wait after each key that is loaded; a negative number of keys share one.",
		},
		{
			Name: "loading-process-events-interval-bytes", Flags: Hidden, Affects: "the next load",
			Kind: integer(func(v v) *int64 { return &v.LoadingProcessEventsIntervalBytes }, 2<<20, 1024, maxInt),
			Doc:  "For tests: how often clients are served during a load, in bytes of the file.",
		},
	},
}

var replicationSection = section{
	title: "Replication", affects: "at once",
	rows: []Directive{
		{
			Name: "replicaof", Alias: "slaveof", Flags: Immutable | MultiArg, Kind: replicaofKind{}, Affects: "start; later by the command REPLICAOF",
			Doc: "Host and port of the master to follow.",
		},
		{
			Name: "masterauth", Alias: "primaryauth", Flags: Sensitive, Kind: optional(func(v v) *string { return &v.MasterAuth }),
			Affects: "the next connection to a master", Doc: "Password to show to the master.",
		},
		{
			Name: "masteruser", Alias: "primaryuser", Flags: Sensitive, Kind: optional(func(v v) *string { return &v.MasterUser }),
			Affects: "the next connection to a master", Doc: "User to be at the master, if not default.",
		},
		{
			Name: "replica-serve-stale-data", Alias: "slave-serve-stale-data", Kind: yesNo(func(v v) *bool { return &v.ReplicaServeStaleData }, true),
			Doc: "Answers with the data there is while the link to the master is down.",
		},
		{
			Name: "replica-read-only", Alias: "slave-read-only", Kind: yesNo(func(v v) *bool { return &v.ReplicaReadOnly }, true),
			Doc: "Refuses writes of clients on a replica.",
		},
		{
			Name: "replica-ignore-disk-write-errors", Kind: yesNo(func(v v) *bool { return &v.ReplicaIgnoreDiskWriteErrors }, false),
			Doc: "Lets a replica go on when it cannot persist what the master sends.",
		},
		{
			Name: "repl-diskless-sync", Kind: yesNo(func(v v) *bool { return &v.ReplDisklessSync }, true), Affects: "the next full synchronisation",
			Doc: "Sends snapshots straight to the replicas' sockets.",
		},
		{
			Name: "repl-diskless-sync-delay", Kind: integer(func(v v) *int64 { return &v.ReplDisklessSyncDelay }, 5, 0, maxInt), Affects: "the next full synchronisation",
			Doc: "Seconds to wait for more replicas before sending.",
		},
		{
			Name: "repl-diskless-sync-max-replicas", Kind: integer(func(v v) *int64 { return &v.ReplDisklessSyncMaxReplicas }, 0, 0, maxInt),
			Affects: "the next full synchronisation", Doc: "Replicas that end this wait early; 0 waits the whole time.",
		},
		{
			Name: "repl-diskless-sync-period", Flags: Hidden, Kind: integer(func(v v) *int64 { return &v.ReplDisklessSyncPeriod }, 0, 0, maxInt), Since: "Redis 7.2",
			Affects: "the next full synchronisation", Doc: "For tests: another wait in place of repl-diskless-sync-delay.",
		},
		{
			Name: "repl-diskless-load", Kind: enum(func(v v) *DisklessLoad { return &v.ReplDisklessLoad }, DisklessLoadDisabled, disklessLoadWords),
			Flags: DenyLoading, Affects: "the next full synchronisation",
			Doc: "Whether a replica loads straight from the socket, and what happens to its old data meanwhile.",
		},
		{
			Name: "repl-ping-replica-period", Alias: "repl-ping-slave-period", Kind: integer(func(v v) *int64 { return &v.ReplPingReplicaPeriod }, 10, 1, maxInt),
			Doc: "Seconds between PINGs to the replicas.",
		},
		{
			Name: "repl-timeout", Kind: integer(func(v v) *int64 { return &v.ReplTimeout }, 60, 1, maxInt),
			Doc: "Seconds of silence after which a replication link is dead.",
		},
		{
			Name: "repl-disable-tcp-nodelay", Kind: yesNo(func(v v) *bool { return &v.ReplDisableTCPNoDelay }, false), Affects: "replicas that connect from now on",
			Doc: "Lets the kernel gather small packets to replicas: less traffic, more delay.",
		},
		{
			Name: "repl-backlog-size", Kind: numberKind{at: func(v v) *int64 { return &v.ReplBacklogSize }, def: 1 << 20, min: 1, max: maxLong, clampMin: 16 << 10, form: memoryNumber},
			Doc: "Bytes of the replication stream kept for replicas that come back.",
		},
		{
			Name: "repl-backlog-ttl", Kind: integer(func(v v) *int64 { return &v.ReplBacklogTTL }, 3600, 0, maxLong),
			Doc: "Seconds without replicas after which the backlog is freed; 0 keeps it.",
		},
		{
			Name: "replica-priority", Alias: "slave-priority", Kind: integer(func(v v) *int64 { return &v.ReplicaPriority }, 100, 0, maxInt),
			Doc: "Sentinel promotes the replica with the lowest number, never one with 0.",
		},
		{
			Name: "replica-announced", Kind: yesNo(func(v v) *bool { return &v.ReplicaAnnounced }, true),
			Doc: "Shows this replica to Sentinel.",
		},
		{
			Name: "replica-announce-ip", Alias: "slave-announce-ip", Kind: optional(func(v v) *string { return &v.ReplicaAnnounceIP }),
			Affects: "the next connection to a master", Doc: "Address that the replica tells its master.",
		},
		{
			Name: "replica-announce-port", Alias: "slave-announce-port", Kind: integer(func(v v) *int64 { return &v.ReplicaAnnouncePort }, 0, 0, 65535),
			Affects: "the next connection to a master", Doc: "Port that the replica tells its master; 0 is the one it listens on.",
		},
		{
			Name: "min-replicas-to-write", Alias: "min-slaves-to-write", Kind: integer(func(v v) *int64 { return &v.MinReplicasToWrite }, 0, 0, maxInt),
			Doc: "Replicas that must be in touch for writes to be accepted; 0 asks for none.",
		},
		{
			Name: "min-replicas-max-lag", Alias: "min-slaves-max-lag", Kind: integer(func(v v) *int64 { return &v.MinReplicasMaxLag }, 10, 0, maxInt),
			Doc: "Seconds since its last acknowledgement within which a replica is in touch.",
		},
		{
			Name: "propagation-error-behavior", Kind: enum(func(v v) *PropagationError { return &v.PropagationErrorBehavior }, PropagationIgnore, propagationWords),
			Doc: "What to do when a command from the master or the append-only file fails.",
		},
		{
			Name: "dual-channel-replication-enabled", Flags: DenyLoading | Inert, Kind: yesNo(func(v v) *bool { return &v.DualChannelReplicationEnabled }, false), Since: "Valkey 8.1",
			Doc: "Sends the snapshot on a connection of its own; one connection is always enough here.",
		},
		{
			Name: "replica-full-sync-buffer-limit", Kind: memorySize(func(v v) *int64 { return &v.ReplicaFullSyncBufferLimit }, 0, 0, maxLong), Since: "Redis 8.0",
			Affects: "the next full synchronisation", Doc: "Bytes that a replica buffers while a snapshot arrives; 0 is the output buffer limit of replicas.",
		},
		{
			Name: "repl-mptcp", Flags: Immutable | Hidden, Kind: yesNo(func(v v) *bool { return &v.ReplMPTCP }, false), Since: "Valkey 9", Affects: "start",
			Doc: "Connects to the master with Multipath TCP where the kernel has it.",
		},
		{
			Name: "import-mode", Flags: Hidden, Kind: yesNo(func(v v) *bool { return &v.ImportMode }, false), Since: "Valkey 8.1",
			Doc: "Stops expiry and eviction while another tool fills the server with data.",
		},
	},
}

var securitySection = section{
	title: "Security", affects: "at once",
	rows: []Directive{
		{
			Name: "requirepass", Flags: Sensitive, Kind: optional(func(v v) *string { return &v.RequirePass }),
			Doc: "Password of the default user; empty asks for none.",
		},
		{
			Name: "aclfile", Flags: Immutable, Kind: text(func(v v) *string { return &v.ACLFile }, ""), Affects: "start",
			Doc: "File with the users, in place of user lines in the configuration.",
		},
		{
			Name: "acllog-max-len", Kind: integer(func(v v) *int64 { return &v.ACLLogMaxLen }, 128, 0, maxLong),
			Doc: "Entries that ACL LOG keeps.",
		},
		{
			Name: "acl-pubsub-default", Kind: enum(func(v v) *ACLPubSubDefault { return &v.ACLPubSubDefault }, ResetChannels, pubsubDefaultWords),
			Affects: "users made from now on", Doc: "Whether new users may use all channels or none.",
		},
		{
			Name: "enable-protected-configs", Flags: Immutable, Kind: enum(func(v v) *Access { return &v.EnableProtectedConfigs }, AccessNo, accessWords), Affects: "start",
			Doc: "Who may set dir and dbfilename with CONFIG SET.",
		},
		{
			Name: "enable-debug-command", Flags: Immutable, Kind: enum(func(v v) *Access { return &v.EnableDebugCommand }, AccessNo, accessWords), Affects: "start",
			Doc: "Who may use DEBUG.",
		},
		{
			Name: "enable-module-command", Flags: Immutable, Kind: enum(func(v v) *Access { return &v.EnableModuleCommand }, AccessNo, accessWords), Affects: "start",
			Doc: "Who may use MODULE. There are no modules here: it decides the error only.",
		},
	},
}
