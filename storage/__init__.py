"""What is kept: schema, migrations, repositories, and adapters to the utility's billing."""
