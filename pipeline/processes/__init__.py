"""Who runs it, and where: the supervisor, its workers, the delivery, and what they tell each other."""
