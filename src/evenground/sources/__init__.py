"""Sources: each maps one provider's tables, or invents them, to the contract that the engine reads."""
