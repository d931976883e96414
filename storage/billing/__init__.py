"""Where accounts, bills and readings come from: our own tables, or adapters to a site's billing system."""
