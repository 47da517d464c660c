//go:build !race

package quicklist

const raceBuild = false
