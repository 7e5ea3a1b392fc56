package shell

import "os"

// The environment variables of commands.
const (
	EnvModel   = "FLOWERCTL_MODEL"   // the model to use where --model names none
	EnvOffline = "FLOWERCTL_OFFLINE" // not empty: the network is not used
)

// Offline says whether the environment forbids the network, with any value.
func Offline() bool { return os.Getenv(EnvOffline) != "" }
