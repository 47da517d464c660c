//go:build !linux

package pagecache

import "os"

const (
	willNeed = iota
	dontNeed
)

func advise(*os.File, int64, int64, int) {}
