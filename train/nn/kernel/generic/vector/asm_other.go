//go:build !amd64

package vector

// Each returns how many channels it has done.

func productsFast[T Float](*Sum, []T, []T, []T, []T) int { return 0 }
func maxFast[T Float](*Sum, []T, []int32, []T, int) int  { return 0 }
func reluFast[T Float]([]T, []T, T) int                  { return 0 }
func reluBackwardFast[T Float]([]T, []T, []T, T) int     { return 0 }
