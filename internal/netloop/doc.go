// Package netloop moves bytes between sockets and sessions: it accepts
// connections, reads requests, calls the session, writes replies, and knows no
// command. All buffers are off-heap, in the arena of the loop that owns the
// connection, and booked as query or reply buffers.
//
// # The actors
//
//   - A Group is a set of loops with one Handler and the listeners.
//   - A Loop is a goroutine locked to its thread, with an epoll instance, an
//     arena and a set of connections.
//   - A Conn is one connection. Its Session is the client behind it.
//   - A portable Group has one loop and a goroutine per connection instead of
//     epoll (portable.go); it serves TLS, and systems without epoll.
//   - The Handler is the server: it decides who is accepted, and it has the
//     keyspace lock, which is taken once per turn and never while waiting.
//
// # The turn
//
// Every loop does the same thing over and over. What each step may touch
// follows from the lock it holds; docs/threading.md says who else may.
//
//	   wait   no lock      epoll_wait, until a socket is ready, the loop is
//	                       woken or a deadline has passed
//	A  read   loop.mu      read every ready socket into the read buffer, one
//	                       behind the other; accept; notice the dead
//	B  serve  keyspace     Handler.Lock
//	                       Accept new connections; Serve what was read, in the
//	                       order it was read; keep unfinished requests; give
//	                       back pinned strings; bury the dead; Tick
//	                       Handler.Unlock
//	C  write  loop.mu      write the replies, one system call per connection;
//	                       ask for EPOLLOUT only where the socket was full
//
// So an unpipelined request costs one read, one write and its share of an
// epoll_wait, and a turn takes the keyspace lock once for all that arrived.
// When the read buffer is full in the middle of A, the turn goes on with B and
// C and returns to the remaining sockets before it waits again.
//
// A session that takes long may have its loop take turns in the middle of its B
// (Pump).
//
// The state of a connection may be touched by its loop in A and C (loop.mu), by
// its loop in B (keyspace lock), and by whoever holds the keyspace lock and
// loop.mu: Conn.Borrow and Conn.Return do that, and wake the loop. A loop never
// waits for the keyspace lock while it holds loop.mu, so the order is: keyspace
// lock, then one loop.mu.
//
// # Input
//
// The read buffer belongs to the loop. After B nothing in it is needed: an
// unfinished request has moved to a query buffer of its connection's own.
//
//	read buffer  [ conn 7: *2..*2..*2.. | conn 3: *1.. | conn 9: *3..  |    ]
//	               consumed by Serve      consumed       unfinished --+
//	                                                                  v
//	query buffer of conn 9                                  [ *3.. |     room ]
//
// The next read of such a connection goes behind what its query buffer holds;
// or, if that is short, it is copied back to the front of what is read next.
// A request with a large argument gets a query buffer of the size the request
// will have (Conn.Need), so its bytes are not copied again while they arrive;
// and the argument begins that buffer (Conn.Body, query), so that the session
// can take the memory over instead of copying the bytes (Conn.Take). A query buffer that has been consumed is kept for the next such
// request; the loop's clock takes it away when the client has been silent for
// two seconds, and fits a large one to what it held recently. A client whose
// requests arrive whole never has one.
//
// # Output
//
// Replies are appended to segments. The first is the static block of the
// connection: 1 KiB when first needed, grown to 16 KiB on demand, resized to
// its recent peak by the loop's clock. What does not fit goes to a list.
//
//	            sealed segments, oldest first                     open segment
//	queue  [ static 16 KiB ][ block ][ pinned value ][ block.. ]  Out -> [ ..block ]
//	          ^ sent                   |
//	                                   +-> bytes of a stored string, not copied
//
// A pinned value is a reference to a raw string: sent from where it lies, and
// given back (Handler.Unpin) under the keyspace lock in the next B. A block may
// hold several segments, before and behind a pinned value.
package netloop
