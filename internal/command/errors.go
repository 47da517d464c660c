package command

// Error replies that several families give. Texts are Redis's, byte for byte, because clients match on them. The
// writer adds the leading '-' and the line end.
const (
	ErrSyntax          = "ERR syntax error"
	ErrWrongType       = "WRONGTYPE Operation against a key holding the wrong kind of value"
	ErrNotInteger      = "ERR value is not an integer or out of range"
	ErrNotFloat        = "ERR value is not a valid float"
	ErrNoSuchKey       = "ERR no such key"
	ErrOutOfRange      = "ERR index out of range"
	ErrOutOfRangePos   = "ERR value is out of range, must be positive"
	ErrSameObject      = "ERR source and destination objects are the same"
	ErrDBIndex         = "ERR DB index is out of range"
	ErrInvalidDB       = "ERR invalid DB index"
	ErrOOM             = "OOM command not allowed when used memory > 'maxmemory'."
	ErrNoMulti         = "ERR Command not allowed inside a transaction"
	ErrOutOfMemory     = "OOM the server is out of memory"
	ErrNoAuth          = "NOAUTH Authentication required."
	ErrLoading         = "LOADING Redis is loading the dataset in memory"
	ErrStringTooLong   = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
	ErrOverflow        = "ERR increment or decrement would overflow"
	ErrNaN             = "ERR increment would produce NaN or Infinity"
	ErrInvalidExpire   = "ERR invalid expire time in '%s' command"
	ErrTimeoutNegative = "ERR timeout is negative"
	ErrTimeoutFloat    = "ERR timeout is not a float or out of range"
	ErrTimeoutInteger  = "ERR timeout is not an integer or out of range"
	ErrTimeoutRange    = "ERR timeout is out of range"
	ErrInvalidCursor   = "ERR invalid cursor"
)
