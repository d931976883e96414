from tests.postgres import database, database_dsn, postgres_server

__all__ = ["database", "database_dsn", "postgres_server"]
