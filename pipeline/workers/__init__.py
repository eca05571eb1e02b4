"""One camera, from its pictures to its incidents: live and from recordings alike. Read `lane` first."""
