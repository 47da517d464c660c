package mem

// Purpose says what an allocation is for. Every allocation names one; the books are kept per purpose.
type Purpose uint8

// The purposes. Their numbers are not stored anywhere; the table below has one row for each.
const (
	PurposeTable          Purpose = iota // segments and directory of the key table
	PurposeEntry                         // key, header and embedded value of a string's key
	PurposeEntryList                     // of a list's
	PurposeEntrySet                      // of a set's
	PurposeEntryZSet                     // of a zset's
	PurposeEntryHash                     // of a hash's
	PurposeEntryStream                   // of a stream's
	PurposeString                        // raw string
	PurposeListpack                      // listpack of a list: the small one, and the nodes of a large one
	PurposeListpackSet                   // listpack of a small set
	PurposeListpackZSet                  // listpack of a small zset
	PurposeListpackHash                  // listpack of a small hash
	PurposeIntset                        // set of integers
	PurposeQuicklist                     // nodes of a list
	PurposeHashTable                     // table of a large hash
	PurposeHashEntry                     // field and value of a large hash
	PurposeSetTable                      // table of a large set
	PurposeSetMember                     // member of a large set
	PurposeZSetTable                     // member table of a large zset
	PurposeZSetMember                    // member and score of a large zset
	PurposeZSetIndex                     // ordered tree of a large zset
	PurposeStream                        // entries of a stream
	PurposeStreamGroup                   // consumer groups and pending entries
	PurposeExpire                        // order in which keys and fields expire
	PurposeQueryBuffer                   // requests being read
	PurposeReplyBuffer                   // replies not yet written
	PurposeClient                        // sessions
	PurposeMulti                         // queued commands of transactions
	PurposeWatch                         // watched keys and who watches them
	PurposeBacklog                       // replication backlog
	PurposeReplicaBuffer                 // stream waiting for a replica
	PurposeAOFBuffer                     // append only file, not yet written
	PurposeSnapshotBuffer                // output and kept originals of a snapshot
	PurposeMigrate                       // values on their way to another server
	PurposePubSub                        // channels, patterns and subscribers
	PurposeTracking                      // client side caching: keys and who read them
	PurposeBlocked                       // arguments of commands that wait for a key
	PurposeScript                        // scripts and their interpreter
	PurposeFunction                      // function libraries
	PurposeSlowlog                       // slow log
	PurposeLatency                       // latency events and histograms
	PurposeJournal                       // keys that were evicted or expired
	PurposeACL                           // users, rules and the ACL log
	PurposeHistory                       // the flight recorder: pages of MEMORY HISTORY
	PurposePrefix                        // what the prefixes of keys have
	PurposeOther                         // what has no row of its own
	NumPurposes           = int(PurposeOther) + 1
)

// Heading groups purposes as a bill does.
type Heading uint8

// The headings.
const (
	HeadingData    Heading = iota // what users stored
	HeadingBuffers                // what clients hold, and bytes on their way: clients, replication, files
	HeadingOwn                    // structures the server keeps for itself
	NumHeadings    = int(HeadingOwn) + 1
)

// String returns the heading's name.
func (h Heading) String() string {
	return [NumHeadings]string{"data", "buffers", "own structures"}[h]
}

// PurposeInfo is a row of the table of purposes.
type PurposeInfo struct {
	Name     string // as printed: lower case, words joined by a dash
	Heading  Heading
	Keyspace bool // belongs to keys: zero after FLUSHALL
}

// purposes is the table of purposes. Everything that prints or groups purposes reads it.
var purposes = [NumPurposes]PurposeInfo{
	PurposeTable:          {"key-table", HeadingData, true},
	PurposeEntry:          {"entry-string", HeadingData, true},
	PurposeEntryList:      {"entry-list", HeadingData, true},
	PurposeEntrySet:       {"entry-set", HeadingData, true},
	PurposeEntryZSet:      {"entry-zset", HeadingData, true},
	PurposeEntryHash:      {"entry-hash", HeadingData, true},
	PurposeEntryStream:    {"entry-stream", HeadingData, true},
	PurposeString:         {"string", HeadingData, true},
	PurposeListpack:       {"listpack-list", HeadingData, true},
	PurposeListpackSet:    {"listpack-set", HeadingData, true},
	PurposeListpackZSet:   {"listpack-zset", HeadingData, true},
	PurposeListpackHash:   {"listpack-hash", HeadingData, true},
	PurposeIntset:         {"intset", HeadingData, true},
	PurposeQuicklist:      {"quicklist", HeadingData, true},
	PurposeHashTable:      {"hash-table", HeadingData, true},
	PurposeHashEntry:      {"hash-entry", HeadingData, true},
	PurposeSetTable:       {"set-table", HeadingData, true},
	PurposeSetMember:      {"set-member", HeadingData, true},
	PurposeZSetTable:      {"zset-table", HeadingData, true},
	PurposeZSetMember:     {"zset-member", HeadingData, true},
	PurposeZSetIndex:      {"zset-index", HeadingData, true},
	PurposeStream:         {"stream", HeadingData, true},
	PurposeStreamGroup:    {"stream-group", HeadingData, true},
	PurposeExpire:         {"expire", HeadingData, true},
	PurposeQueryBuffer:    {"query-buffer", HeadingBuffers, false},
	PurposeReplyBuffer:    {"reply-buffer", HeadingBuffers, false},
	PurposeClient:         {"client", HeadingBuffers, false},
	PurposeMulti:          {"multi", HeadingBuffers, false},
	PurposeWatch:          {"watch", HeadingBuffers, false},
	PurposeBacklog:        {"backlog", HeadingBuffers, false},
	PurposeReplicaBuffer:  {"replica-buffer", HeadingBuffers, false},
	PurposeAOFBuffer:      {"aof-buffer", HeadingBuffers, false},
	PurposeSnapshotBuffer: {"snapshot-buffer", HeadingBuffers, false},
	PurposeMigrate:        {"migrate", HeadingBuffers, false},
	PurposePubSub:         {"pubsub", HeadingBuffers, false},
	PurposeTracking:       {"tracking", HeadingBuffers, false},
	PurposeBlocked:        {"blocked", HeadingBuffers, false},
	PurposeScript:         {"script", HeadingOwn, false},
	PurposeFunction:       {"function", HeadingOwn, false},
	PurposeSlowlog:        {"slowlog", HeadingOwn, false},
	PurposeLatency:        {"latency", HeadingOwn, false},
	PurposeJournal:        {"journal", HeadingOwn, false},
	PurposeACL:            {"acl", HeadingOwn, false},
	PurposeHistory:        {"history", HeadingOwn, false},
	PurposePrefix:         {"prefix-tree", HeadingOwn, false},
	PurposeOther:          {"other", HeadingOwn, false},
}

// headers is the bytes that each region of a purpose has before what the user stored, at least: type, encoding, flags, lengths.
// Keys and elements longer than 255 bytes have longer ones.
var headers = [NumPurposes]int64{
	PurposeEntry: 6, PurposeEntryList: 6, PurposeEntrySet: 6, PurposeEntryZSet: 6, PurposeEntryHash: 6, PurposeEntryStream: 6,
	PurposeString: 12, PurposeHashEntry: 3, PurposeSetMember: 1, PurposeZSetMember: 1,
}

// Header returns the bytes of the header that each region of the purpose has at least.
func (p Purpose) Header() int64 { return headers[p] }

// IsEntry tells whether the purpose is the entry of a key.
func (p Purpose) IsEntry() bool { return p >= PurposeEntry && p <= PurposeEntryStream }

// OfKey tells whether what is allocated for the purpose belongs to one key: its entry and its value. What belongs to all
// keys of a database together, the key table and the order of expiry, does not; of a hash with fields that expire, the
// order of these is left out too, because it has the same purpose.
func (p Purpose) OfKey() bool {
	return purposes[p].Keyspace && p != PurposeTable && p != PurposeExpire
}

// sumOf is the index in Arena.sums of a purpose. It is as long as a Purpose can be large, so that no index is checked.
var sumOf = func() (t [256]uint8) {
	for p := range NumPurposes {
		if Purpose(p).OfKey() {
			t[p] = 1
		}
	}
	return t
}()

// Info returns the purpose's row.
func (p Purpose) Info() PurposeInfo { return purposes[p] }

// String returns the purpose's name.
func (p Purpose) String() string { return purposes[p].Name }

// Heading returns the heading the purpose is billed under.
func (p Purpose) Heading() Heading { return purposes[p].Heading }
