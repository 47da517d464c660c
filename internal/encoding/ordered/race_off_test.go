//go:build !race

package ordered

const raceBuild = false
