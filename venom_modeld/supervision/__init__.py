"""What the service manager is told: when the daemon is ready, what it is doing, and that its loops are alive."""
