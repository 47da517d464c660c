// Package resp speaks the Redis serialization protocol: it parses requests
// and appends replies. It knows no sockets, no commands and no clients.
//
// # Requests
//
// A Parser is handed the bytes that have arrived, beginning with the first
// byte of a request, and answers with the arguments as slices of those bytes:
//
//	in:    *2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPI
//	                  ^^^         ^
//	                  Args[0]     Args[1]             n = 20: taken
//
// Nothing is copied and nothing is allocated. When the request is not complete
// the Parser remembers how far it came (header fields, not bytes of payload),
// and the caller hands it the same bytes again with more behind them. The
// bytes may have moved in between. See parser.go for the two ways through it.
//
// A Batch reads ahead: whole requests behind one that a Parser found, so that
// what they need can be fetched before the first of them is executed.
//
// # Replies
//
// A Writer appends replies to the current block of a Sink (a connection, or a
// growing Go slice for a Buffer):
//
//	block  [ +OK\r\n$3\r\nabc\r\n:12\r\n ................ ]
//	         0                          n              len(buf)
//
// Every method that a hot command uses has a short path that writes into the
// block, and a slow path that is taken when the block might be too small. Only
// the slow path calls the Sink. The same methods speak RESP2 and RESP3: Proto
// chooses, the handlers need not know.
package resp
